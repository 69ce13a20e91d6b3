package motcua.peer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** The part of a record's facts that the counts need, and what the dossier contributes by them (job.py is the same). */
record Facts(Cell cell, int seq, int[] counts) {
    static final String[] COUNTS = {
        "submitted", "received", "received_online", "finished", "refused", "withdrawn", "on_time"
    };
    private static final int SECOND = 19;
    private static final int ONLINE = 2;
    private static final JsonFactory JSON = new JsonFactory();

    /** Where a dossier counts: competent agency, procedure, channel, month of reception or else of filing. */
    record Cell(String agency, String procedure, int channel, String month) {}

    static Facts in(byte[] value) {
        try (JsonParser json = JSON.createParser(value)) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean found = json.currentName().equals("facts");
                json.nextToken();
                if (found) {
                    return read(json);
                }
                json.skipChildren();
            }
        } catch (IOException wrong) {
            throw new IllegalArgumentException("not a record of facts", wrong);
        }
        throw new IllegalArgumentException("a record without facts");
    }

    private static Facts read(JsonParser json) throws IOException {
        int seq = 0;
        int channel = 0;
        boolean withdrawn = false;
        String stage = null;
        String procedure = null;
        String agency = null;
        String submitted = null;
        String received = null;
        String due = null;
        String ended = null;
        String outcome = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            JsonToken token = json.nextToken();
            switch (name) {
                case "seq" -> seq = json.getIntValue();
                case "channel" -> channel = json.getIntValue();
                case "withdrawn" -> withdrawn = json.getBooleanValue();
                case "stage" -> stage = json.getText();
                case "procedure_code" -> procedure = json.getText();
                case "agency_competent" -> agency = json.getText();
                case "submitted_at" -> submitted = json.getText();
                case "received_at" -> received = token == JsonToken.VALUE_NULL ? null : json.getText();
                case "due_at" -> due = token == JsonToken.VALUE_NULL ? null : json.getText();
                case "ended_at" -> ended = token == JsonToken.VALUE_NULL ? null : json.getText();
                case "outcome" -> outcome = token == JsonToken.VALUE_NULL ? null : json.getText();
                default -> json.skipChildren();
            }
        }
        boolean over = ended != null;
        int[] counts = {
            1,
            one(received != null),
            one(received != null && channel == ONLINE),
            one(over && "GRANTED".equals(outcome)),
            one("NOT_ACCEPTED".equals(stage) || (over && "REFUSED".equals(outcome))),
            one("STOPPED".equals(stage) && withdrawn),
            one(over && due != null && ended.substring(0, SECOND).compareTo(due.substring(0, SECOND)) <= 0)
        };
        String month = (received != null ? received : submitted).substring(0, 7);
        return new Facts(new Cell(agency, procedure, channel, month), seq, counts);
    }

    private static int one(boolean counted) {
        return counted ? 1 : 0;
    }
}
