package fuma.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.FileReader;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** What the peers share: their arguments, the configuration, the clock, the answer as one JSON line. */
final class Peer {
  private final Properties config = new Properties();
  private final String input;
  private final String output;
  private final long total;
  private final long warm;
  private final AtomicLong count = new AtomicLong();
  private final CountDownLatch all = new CountDownLatch(1);
  private volatile long began;
  private volatile long used;
  private volatile Throwable failure;

  private Peer(String input, String output, long total, long warm) {
    this.input = input;
    this.output = output;
    this.total = total;
    this.warm = warm;
  }

  /**
   * Arguments: client properties file, input, output, records, threads, state directory, and how many
   * records are not counted since code is being compiled meanwhile.
   */
  static Peer of(String[] args) throws Exception {
    Peer made = new Peer(args[1], args[2], Long.parseLong(args[3]), Long.parseLong(args[6]));
    try (FileReader reader = new FileReader(args[0])) {
      made.config.load(reader);
    }
    made.config.put(StreamsConfig.APPLICATION_ID_CONFIG, "fuma-bench-" + made.output);
    made.config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    made.config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.parseInt(args[4]));
    made.config.put(StreamsConfig.STATE_DIR_CONFIG, args[5]);
    made.config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    made.config.put("auto.offset.reset", "earliest");
    made.config.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
    return made;
  }

  String input() {
    return input;
  }

  String output() {
    return output;
  }

  /** Avro's number: zigzag, seven bits a byte. */
  static long number(ByteBuffer in) {
    long raw = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      raw |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return (raw >>> 1) ^ -(raw & 1);
      }
    }
  }

  /** One input is processed. The last that is not counted, or the first, starts the clock. */
  void done() {
    long now = count.incrementAndGet();
    if (now == Math.max(warm, 1)) {
      used = cpu();
      began = System.nanoTime();
      System.out.println("{\"began\": true}");
    }
    if (now == total) {
      all.countDown();
    }
  }

  /** CPU of this process so far, all threads, in nanoseconds. */
  private static long cpu() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  /** Run until every input is processed and committed; prints records, seconds and CPU seconds. */
  void run(Topology topology) throws Exception {
    KafkaStreams streams = new KafkaStreams(topology, config);
    streams.setUncaughtExceptionHandler(error -> {
      failure = error;
      all.countDown();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    streams.start();
    boolean whole = all.await(10, TimeUnit.MINUTES);
    // Closing commits what is open; it is part of having done it.
    streams.close(Duration.ofSeconds(60));
    if (!whole || failure != null) {
      System.err.println("only " + count.get() + " of " + total + " records: " + failure);
      System.exit(1);
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    System.out.println(String.format(Locale.ROOT,
        "{\"records\": %d, \"seconds\": %.3f, \"cpu\": %.3f}", total - warm, seconds,
        (cpu() - used) / 1e9));
    System.exit(0);
  }
}
