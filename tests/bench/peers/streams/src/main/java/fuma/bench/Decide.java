package fuma.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The least that a stage of {@code codes}' shape does, in Kafka Streams: decode the input, one read and
 * one write of a state of the same size in RocksDB, a record of the same size out, exactly_once_v2.
 *
 * <p>It decides nothing. What is timed goes from the first record that counts to the last commit.
 */
public final class Decide {
  private static final String STORE = "state";

  private Decide() {}

  /** Arguments: those of {@link Peer}, then bytes of a state and bytes of an output record. */
  public static void main(String[] args) throws Exception {
    Peer peer = Peer.of(args);
    int stateBytes = Integer.parseInt(args[7]);
    int outBytes = Integer.parseInt(args[8]);
    Topology topology = new Topology();
    topology.addSource("in", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(),
        peer.input());
    topology.addProcessor("decide", () -> new One(peer, stateBytes, outBytes), "in");
    topology.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE),
        Serdes.ByteArray(), Serdes.ByteArray()), "decide");
    topology.addSink("out", peer.output(), Serdes.ByteArray().serializer(),
        Serdes.ByteArray().serializer(), "decide");
    peer.run(topology);
  }

  private static final class One implements Processor<byte[], byte[], byte[], byte[]> {
    private final Peer peer;
    private final int stateBytes;
    private final int outBytes;
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<byte[], byte[]> store;

    One(Peer peer, int stateBytes, int outBytes) {
      this.peer = peer;
      this.stateBytes = stateBytes;
      this.outBytes = outBytes;
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> given) {
      context = given;
      store = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      Fact fact = Fact.read(record.value());
      byte[] before = store.get(record.key());
      byte[] after = before == null ? new byte[stateBytes] : before.clone();
      System.arraycopy(fact.id, 0, after, 0, fact.id.length);
      store.put(record.key(), after);
      context.forward(record.withValue(fact.write(outBytes)));
      peer.done();
    }
  }

  /** A report as {@code person} carries it, read field by field from Avro's binary form. */
  private record Fact(byte[] id, byte[] content, long kind, String department, String division,
      String ground, long since, Long until, String evidence, byte[] ref, long identity,
      long reported) {
    static Fact read(byte[] value) {
      ByteBuffer in = ByteBuffer.wrap(value);
      in.position(5);
      Peer.number(in); // the union's branch
      byte[] id = fixed(in, 16);
      byte[] content = fixed(in, 32);
      long kind = Peer.number(in);
      String department = text(in);
      String division = text(in);
      String ground = text(in);
      long since = Peer.number(in);
      Long until = Peer.number(in) == 0 ? null : Peer.number(in);
      String evidence = text(in);
      byte[] ref = fixed(in, (int) Peer.number(in));
      long identity = Peer.number(in);
      for (long count = Peer.number(in); count != 0; count = Peer.number(in)) {
        for (long each = 0; each < count; each++) {
          text(in);
        }
      }
      return new Fact(id, content, kind, department, division, ground, since, until, evidence, ref,
          identity, Peer.number(in));
    }

    byte[] write(int size) {
      ByteBuffer out = ByteBuffer.allocate(Math.max(size, 256));
      out.put(id).put(content).put(ref).putLong(since).putLong(reported).putLong(kind);
      out.put(department.getBytes(StandardCharsets.UTF_8));
      out.put(division.getBytes(StandardCharsets.UTF_8));
      out.put(ground.getBytes(StandardCharsets.UTF_8));
      return Arrays.copyOf(out.array(), size);
    }

    private static byte[] fixed(ByteBuffer in, int size) {
      byte[] found = new byte[size];
      in.get(found);
      return found;
    }

    private static String text(ByteBuffer in) {
      return new String(fixed(in, (int) Peer.number(in)), StandardCharsets.UTF_8);
    }
  }
}
