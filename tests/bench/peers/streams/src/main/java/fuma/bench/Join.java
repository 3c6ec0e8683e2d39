package fuma.bench;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;

/**
 * The comparison as Kafka Streams says it: stays joined by key with infectious stays in a window of
 * time, those that overlap for ten minutes kept. State in RocksDB, exactly_once_v2.
 *
 * <p>It reads the same records as the comparison and knows from the start who is infectious; late
 * cases, corrections, areas, neighbours and withdrawals are beyond it.
 */
public final class Join {
  /** A stay is at most so long, so two that overlap begin within it. */
  private static final Duration LONGEST = Duration.ofDays(4);
  private static final Duration KEPT = Duration.ofDays(14);
  private static final long MINIMUM_MS = 600_000;

  private Join() {}

  /** Arguments: those of {@link Peer}, then a file with the tags of the infectious, hex, a line each. */
  public static void main(String[] args) throws Exception {
    Peer peer = Peer.of(args);
    Set<String> infectious = new HashSet<>(Files.readAllLines(Path.of(args[7])));
    StreamsBuilder builder = new StreamsBuilder();
    KStream<byte[], byte[]> stays = builder
        .stream(peer.input(), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())
            .withTimestampExtractor((record, partition) -> Stay.since((byte[]) record.value())))
        .filter((key, value) -> Stay.isOne(value))
        .peek((key, value) -> peer.done());
    KStream<byte[], byte[]> sources = stays.filter((key, value) ->
        infectious.contains(HexFormat.of().formatHex(Stay.read(value).tag())));
    JoinWindows window = JoinWindows.ofTimeDifferenceAndGrace(LONGEST, KEPT);
    stays
        .join(sources, Join::meet, window,
            StreamJoined.with(Serdes.ByteArray(), Serdes.ByteArray(), Serdes.ByteArray()))
        .filter((key, value) -> value != null)
        .to(peer.output(), Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
    peer.run(builder.build());
  }

  private static byte[] meet(byte[] one, byte[] other) {
    Stay stay = Stay.read(one);
    Stay source = Stay.read(other);
    long since = Math.max(stay.since(), source.since());
    long until = Math.min(stay.until(), source.until());
    if (until - since < MINIMUM_MS || java.util.Arrays.equals(stay.tag(), source.tag())) {
      return null;
    }
    return ByteBuffer.allocate(48).put(stay.tag()).put(source.tag()).putLong(since).putLong(until)
        .array();
  }

  /** The first fields of a presence, from Avro's binary form. */
  private record Stay(byte[] tag, long since, long until) {
    /** Framing (5), the union's branch, id, tag, then numbers. */
    private static final int BRANCH = 5;

    static boolean isOne(byte[] value) {
      return value[BRANCH] == 0;
    }

    static long since(byte[] value) {
      return isOne(value) ? read(value).since() : 0;
    }

    static Stay read(byte[] value) {
      ByteBuffer in = ByteBuffer.wrap(value);
      in.position(BRANCH + 1 + 16);
      byte[] tag = new byte[16];
      in.get(tag);
      Peer.number(in); // revision
      return new Stay(tag, Peer.number(in), Peer.number(in));
    }
  }
}
