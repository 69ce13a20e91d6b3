package motcua.peer;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams: exactly_once_v2 from topic to state, the cells written before each commit (Cells). */
final class Fold implements Processor<String, byte[], Void, Void> {
    private static final String NEWEST = "newest";
    private static final int THREADS = 2;
    private static final int COMMIT_MS = 1_000;
    private static final long CACHE_BYTES = 128L << 20;
    private static final AtomicBoolean SILENT = new AtomicBoolean(true);

    private ProcessorContext<Void, Void> context;
    private KeyValueStore<String, byte[]> newest;
    private Cells cells;

    @Override
    public void init(ProcessorContext<Void, Void> given) {
        context = given;
        newest = context.getStateStore(NEWEST);
        cells = context.getStateStore(Cells.NAME);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        if (SILENT.get() && SILENT.getAndSet(false)) {
            System.out.println("first");
        }
        Facts now = Facts.in(record.value());
        byte[] before = newest.get(record.key());
        Facts old = before == null ? null : Facts.in(before);
        boolean isNewer = old == null || old.seq() < now.seq();
        if (isNewer) {
            newest.put(record.key(), record.value());
        }
        if (cells.takes(context.recordMetadata().orElseThrow().offset()) && isNewer) {
            cells.add(now.cell(), now.counts(), 1);
            if (old != null) {
                cells.add(old.cell(), old.counts(), -1);
            }
        }
    }

    private static Topology topology(String topic, String database) {
        var state = Stores.keyValueStoreBuilder(
                        Stores.persistentKeyValueStore(NEWEST), Serdes.String(), Serdes.ByteArray())
                .withCachingEnabled()
                .withLoggingEnabled(Map.of());
        return new Topology()
                .addSource("facts", new StringDeserializer(), new ByteArrayDeserializer(), topic)
                .addProcessor("fold", Fold::new, "facts")
                .addStateStore(state, "fold")
                .addStateStore(new Cells.Builder(database), "fold");
    }

    private static Properties settings(String bootstrap, String group, Path state) {
        var settings = new Properties();
        settings.putAll(Map.of(
                StreamsConfig.APPLICATION_ID_CONFIG, group,
                StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2,
                StreamsConfig.NUM_STREAM_THREADS_CONFIG, THREADS,
                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_MS,
                StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES,
                StreamsConfig.STATE_DIR_CONFIG, state.toString()));
        settings.putAll(Map.of(
                StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest",
                StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000,
                StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000,
                StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MIN_BYTES_CONFIG), 65_536,
                StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 150,
                StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4",
                StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 20,
                StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 262_144));
        return settings;
    }

    /** postgresql://user:password@host:port/name as the driver wants it. */
    private static String driverAddress(String dsn) {
        URI given = URI.create(dsn);
        String[] who = given.getUserInfo().split(":", 2);
        return "jdbc:postgresql://" + given.getHost() + ":" + given.getPort() + given.getPath() + "?user=" + who[0]
                + "&password=" + who[1];
    }

    /** Arguments: bootstrap, topic, group, state folder. DATABASE_URL: the database. */
    public static void main(String[] arguments) {
        String database = driverAddress(System.getenv("DATABASE_URL"));
        var streams = new KafkaStreams(
                topology(arguments[1], database), settings(arguments[0], arguments[2], Path.of(arguments[3])));
        streams.setUncaughtExceptionHandler(failed -> {
            failed.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.ERROR) {
                Runtime.getRuntime().halt(1);
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
