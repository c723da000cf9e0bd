// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ends of every kind in one poller, for which one thread is enough. */
class EveryKindTest {
  private static final int LINES = 3000;
  private static final int NOISE = 64 << 20;

  @TempDir Path folder;

  private final List<Channel> channels = new ArrayList<>();
  private final Poller poller = Bench.PENSTOCK.poller();

  @AfterEach
  void close() {
    poller.close();
    channels.forEach(each -> each.abort(new IOException("the test is over")));
  }

  /** One end to write to, and the other to read from. */
  private record Line(String name, ByteSink sink, ByteSource source) {}

  private Line connected(String name, String endpoint) throws IOException {
    try (Listener listener =
        Bench.CHANNELS.listen(Endpoint.parse(endpoint), ChannelOptions.defaults())) {
      Channel client =
          name.equals("tls")
              ? Bench.connect(listener)
              : Bench.CHANNELS.open(
                  Endpoint.parse(listener.endpoint().toString().replaceFirst("-listen", "")),
                  ChannelOptions.defaults(),
                  Bench.SOON);
      Channel server = listener.accept(Bench.SOON);
      channels.add(client);
      channels.add(server);
      return new Line(name, client.sink(), server.source());
    }
  }

  private List<Line> everyKind() throws IOException {
    List<Line> lines = new ArrayList<>();
    Pipe pipe = Bench.PENSTOCK.pipes().create(PipeOptions.defaults());
    lines.add(new Line("pipe", pipe.sink(), pipe.source()));
    ChannelPair pair = Bench.CHANNELS.pair(ChannelOptions.defaults());
    lines.add(new Line("memory", pair.left().sink(), pair.right().source()));
    lines.add(connected("tcp", "tcp-listen://127.0.0.1:0"));
    lines.add(connected("tls", Bench.listening().toString()));
    lines.add(connected("unix", "unix-listen:" + folder.resolve("s")));
    Channel child =
        Bench.CHANNELS.open(Endpoint.parse("exec:cat"), ChannelOptions.defaults(), Bench.SOON);
    channels.add(child);
    lines.add(new Line("process", child.sink(), child.source()));
    return lines;
  }

  /** What came, by the name that is attached. */
  private static final class Collector implements ChannelHandler {
    private final Map<String, Integer> counts = new TreeMap<>();
    private final List<String> ended = new ArrayList<>();
    private final Thread thread = Thread.currentThread();
    private long noise;

    @Override
    public void data(Registration from, ByteBuffer frame) {
      assertEquals(thread, Thread.currentThread());
      String name = String.valueOf(from.attachment());
      if (name.equals("noise")) {
        noise += frame.remaining();
        return;
      }
      String line = StandardCharsets.UTF_8.decode(frame).toString();
      assertEquals(name + " " + counts.merge(name, 1, Integer::sum) + "\n", line);
    }

    @Override
    public void ended(Registration from) {
      ended.add(String.valueOf(from.attachment()));
    }

    @Override
    public void failed(Registration from, Throwable cause) {
      throw new AssertionError(String.valueOf(from.attachment()), cause);
    }
  }

  private static ByteBuffer text(String name) {
    StringBuilder text = new StringBuilder();
    for (int i = 1; i <= LINES; i++) {
      text.append(name).append(' ').append(i).append('\n');
    }
    return StandardCharsets.UTF_8.encode(text.toString());
  }

  @Test
  void oneThreadServesEveryKindAtOnce() throws Exception {
    List<Line> lines = everyKind();
    for (Line each : lines) {
      poller.register(each.source(), Framing.lines(100)).attach(each.name());
      Object unused = each.sink().writeAsync(text(each.name()));
      unused = each.sink().endAsync();
    }
    Collector collector = new Collector();
    while (collector.ended.size() < lines.size()) {
      assertTrue(poller.poll(Bench.SOON, collector) > 0, "stalled: " + collector.counts);
    }
    assertEquals(lines.size(), collector.counts.size());
    collector.counts.forEach((name, count) -> assertEquals(LINES, count, name));
    Map<String, Integer> threads = threads();
    threads.remove("penstock-worker");
    // The writers' side, where it waits for room, and the thread that keeps the others going.
    assertTrue(
        List.of("penstock-keeper", "penstock-reactor", "penstock-timer")
            .containsAll(threads.keySet()),
        threads::toString);
    threads.forEach((name, count) -> assertEquals(1, count, name));
  }

  private static Map<String, Integer> threads() {
    Map<String, Integer> threads = new TreeMap<>();
    for (Thread each : Thread.getAllStackTraces().keySet()) {
      if (each.getName().startsWith("penstock-")) {
        threads.merge(each.getName().replaceFirst("-\\d+$", ""), 1, Integer::sum);
      }
    }
    return threads;
  }

  /** A client that sends much, and began before, does not delay those that have little to say. */
  @Test
  void noiseOnOneChannelDelaysNobody() throws Exception {
    Line noise = connected("tcp", "tcp-listen://127.0.0.1:0");
    poller.register(noise.source(), Framing.bytes()).attach("noise");
    Object unused = noise.sink().writeAsync(ByteBuffer.allocateDirect(NOISE));
    unused = noise.sink().endAsync();
    Collector collector = new Collector();
    while (collector.noise < 1 << 20) {
      assertTrue(poller.poll(Bench.SOON, collector) > 0);
    }
    List<Line> lines = everyKind();
    for (Line each : lines) {
      each.sink().writeFully(text(each.name()).limit(each.name().length() + 3), Bench.SOON);
      each.source().awaitReadable(Bench.SOON);
      poller.register(each.source(), Framing.lines(100)).attach(each.name());
    }
    // What is there already comes in one round, beside one share of the noise.
    long before = collector.noise;
    while (collector.counts.size() < lines.size()) {
      assertTrue(poller.poll(Bench.SOON, collector) > 0);
    }
    long meanwhile = collector.noise - before;
    assertTrue(meanwhile < 8 << 20, meanwhile + " bytes of noise came before all the others");
    while (!collector.ended.contains("noise")) {
      assertTrue(poller.poll(Bench.SOON, collector) > 0);
    }
    assertEquals(NOISE, collector.noise);
    assertEquals(List.of("noise"), collector.ended);
  }
}
