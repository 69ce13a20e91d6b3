package motcua.peer;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.internals.CacheFlushListener;
import org.apache.kafka.streams.state.internals.CachedStateStore;

/**
 * The sink of one partition, as a cache over nothing: caches are what Kafka Streams empties before each commit of its
 * transaction (ordinary stores are asked only when it takes a checkpoint, after the commit and not each time).
 *
 * <p>What was written although the transaction was not is met again with the same state: its offsets lie below the
 * stored one, so it is skipped.
 */
final class Cells implements StateStore, CachedStateStore<Void, Void> {
    static final String NAME = "cells";
    private static final String KEY = "partition, agency_code, procedure_code, channel, month";
    private static final String ADVANCE =
            "UPDATE peer_progress SET next_offset = ? WHERE partition = ? AND next_offset = ?";
    private static final ThreadLocal<Connection> CONNECTION = new ThreadLocal<>();

    private final String address;
    private final Map<Facts.Cell, int[]> moved = new HashMap<>();
    private int partition;
    private long stored;
    private long next;
    private boolean open;

    private Cells(String address) {
        this.address = address;
    }

    void add(Facts.Cell cell, int[] counts, int sign) {
        int[] known = moved.computeIfAbsent(cell, absent -> new int[counts.length]);
        for (int i = 0; i < counts.length; i++) {
            known[i] += sign * counts[i];
        }
    }

    /** Whether the record was not written before. */
    boolean takes(long offset) {
        if (offset < stored) {
            return false;
        }
        next = offset + 1;
        return true;
    }

    @Override
    public void flushCache() {
        if (next == stored) {
            return;
        }
        try {
            write(connection());
        } catch (SQLException failed) {
            throw new IllegalStateException("cells could not be written", failed);
        }
        moved.clear();
        stored = next;
    }

    private void write(Connection database) throws SQLException {
        moved.values().removeIf(counts -> Arrays.stream(counts).allMatch(each -> each == 0));
        try (PreparedStatement advance = database.prepareStatement(ADVANCE);
                PreparedStatement move = database.prepareStatement(moveStatement())) {
            advance.setLong(1, next);
            advance.setInt(2, partition);
            advance.setLong(3, stored);
            if (advance.executeUpdate() != 1) {
                throw new SQLException("somebody else has written this partition");
            }
            List<Map.Entry<Facts.Cell, int[]>> rows = new ArrayList<>(moved.entrySet());
            move.setInt(1, partition);
            move.setArray(2, array(database, "text", rows, row -> row.getKey().agency()));
            move.setArray(3, array(database, "text", rows, row -> row.getKey().procedure()));
            move.setArray(4, array(database, "int", rows, row -> row.getKey().channel()));
            move.setArray(5, array(database, "text", rows, row -> row.getKey().month()));
            for (int i = 0; i < Facts.COUNTS.length; i++) {
                int column = i;
                move.setArray(6 + i, array(database, "int", rows, row -> row.getValue()[column]));
            }
            move.executeUpdate();
            database.commit();
        } catch (SQLException failed) {
            database.rollback();
            throw failed;
        }
    }

    private static java.sql.Array array(
            Connection database,
            String type,
            List<Map.Entry<Facts.Cell, int[]>> rows,
            Function<Map.Entry<Facts.Cell, int[]>, Object> column)
            throws SQLException {
        return database.createArrayOf(type, rows.stream().map(column).toArray());
    }

    private static String moveStatement() {
        String names = String.join(", ", Facts.COUNTS);
        List<String> moves = new ArrayList<>();
        for (String name : Facts.COUNTS) {
            moves.add(name + " = c." + name + " + excluded." + name);
        }
        return "INSERT INTO peer_cell AS c (" + KEY + ", " + names + ") SELECT ?::int, * FROM unnest("
                + "?::text[], ?::text[], ?::int[], ?::text[]"
                + String.join("", Collections.nCopies(Facts.COUNTS.length, ", ?::int[]"))
                + ") ON CONFLICT (" + KEY + ") DO UPDATE SET " + String.join(", ", moves);
    }

    private Connection connection() throws SQLException {
        Connection database = CONNECTION.get();
        if (database == null || database.isClosed()) {
            database = DriverManager.getConnection(address);
            database.setAutoCommit(false);
            CONNECTION.set(database);
        }
        return database;
    }

    @Override
    public void init(StateStoreContext context, StateStore root) {
        partition = context.taskId().partition();
        try (PreparedStatement known =
                connection().prepareStatement("SELECT next_offset FROM peer_progress WHERE partition = ?")) {
            known.setInt(1, partition);
            try (var row = known.executeQuery()) {
                row.next();
                stored = row.getLong(1);
                next = stored;
            }
            connection().commit();
        } catch (SQLException failed) {
            throw new IllegalStateException("progress could not be read", failed);
        }
        open = true;
        context.register(root, (key, value) -> {});
    }

    @Override
    public void clearCache() {
        moved.clear();
        next = stored;
    }

    @Override
    public boolean setFlushListener(CacheFlushListener<Void, Void> listener, boolean sendsOldValues) {
        return false;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void close() {
        open = false;
    }

    @Override
    public boolean persistent() {
        return false;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    /** Makes one for each partition; nothing of it goes to a changelog. */
    record Builder(String address) implements StoreBuilder<Cells> {
        @Override
        public Cells build() {
            return new Cells(address);
        }

        @Override
        public String name() {
            return NAME;
        }

        @Override
        public boolean loggingEnabled() {
            return false;
        }

        @Override
        public Map<String, String> logConfig() {
            return Map.of();
        }

        @Override
        public StoreBuilder<Cells> withCachingEnabled() {
            return this;
        }

        @Override
        public StoreBuilder<Cells> withCachingDisabled() {
            return this;
        }

        @Override
        public StoreBuilder<Cells> withLoggingEnabled(Map<String, String> config) {
            throw new UnsupportedOperationException("the database is the memory of this store");
        }

        @Override
        public StoreBuilder<Cells> withLoggingDisabled() {
            return this;
        }
    }
}
