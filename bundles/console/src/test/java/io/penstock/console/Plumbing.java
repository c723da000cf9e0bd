// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.ConnectionDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.RelayBuffersDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.runtime.Tap;
import io.penstock.runtime.WaitDTO;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A container's plumbing that a test can set, and what an operator has done to it. */
final class Plumbing implements PenstockRuntime, PenstockControl {
  static final String MARKUP = "<img src=x onerror=alert(1)>";
  static final long CAPACITY = 65_536;

  /** What it can be asked about. */
  private static final Set<String> KNOWN =
      Set.of(
          "#1",
          "#2",
          "#3",
          "#10",
          "#11",
          "#20",
          "#30",
          "#31",
          "#32",
          "#40",
          "handler#51",
          "handler#61",
          "later");

  /** How many pipes there are besides, all of them moving. */
  volatile int more;

  /** What the pipe "orders" has given, in bytes a second. */
  volatile double speed = 5_000_000;

  /** What the pipe that has failed is called. */
  volatile String first = MARKUP;

  /** What the next look meets; null for nothing. */
  volatile @Nullable Error trouble;

  /** Run once by the next look, before it tells what there is; null for nothing. */
  volatile @Nullable Runnable during;

  /** What has befallen the pipe "orders". */
  volatile @Nullable FaultDTO failure;

  volatile boolean paused;
  final BlockingQueue<String> done = new LinkedBlockingQueue<>();
  final AtomicLong looks = new AtomicLong();

  private static RateDTO rate(long total, double second) {
    return new RateDTO(total, second, second);
  }

  private static EndDTO end(RateDTO bytes, long held, boolean paused, WaitDTO... waiting) {
    return new EndDTO(bytes, rate(12, 1), held, 3, List.of(waiting), false, paused, false, true);
  }

  private final long began = System.currentTimeMillis();

  private PipeDTO pipe(
      long id, String name, long held, double speed, boolean paused, @Nullable FaultDTO fault) {
    WaitDTO reader =
        new WaitDTO(
            "reader of " + name,
            began - 4000,
            List.of("io.example.Reader.read(Reader.java:12)", "io.example.Main.main(Main.java:3)"));
    EndDTO source = end(rate((long) speed * 60, speed), held, paused, reader);
    return new PipeDTO(
        id,
        name,
        id == 3 ? "io.example.stalled" : "",
        CAPACITY,
        held,
        CAPACITY / 2,
        end(rate((long) speed * 61, speed), held, false),
        source,
        fault);
  }

  /** How much is kept in the pipe "orders" at a look. */
  static long level(long look) {
    return 12_000 + look * 100 % 5000;
  }

  @Override
  public RuntimeDTO runtime() {
    long now = System.currentTimeMillis();
    long look = looks.incrementAndGet();
    Error met = trouble;
    if (met != null) {
      trouble = null;
      throw met;
    }
    Runnable task = during;
    if (task != null) {
      during = null;
      task.run();
    }
    FaultDTO fault = new FaultDTO("ConnectException: refused by " + MARKUP, began - 9000, 7);
    List<PipeDTO> pipes =
        IntStream.range(0, more)
            .mapToObj(
                i ->
                    pipe(
                        1000 + i,
                        "pipe-" + i,
                        (look * 64 + i) % CAPACITY,
                        100 + i + look % 7,
                        false,
                        null))
            .toList();
    List<PipeDTO> named =
        List.of(
            pipe(1, first, 0, 0, false, fault),
            pipe(2, "orders", level(look), speed, paused, failure),
            pipe(3, "stalled", CAPACITY, 0, false, null));
    EndDTO quiet = end(rate(900, 0), 0, false);
    return new RuntimeDTO(
        now,
        java.util.stream.Stream.concat(named.stream(), pipes.stream()).toList(),
        List.of(
            new ChannelDTO(
                10,
                "upstream",
                "",
                "tcp",
                "tcp://10.0.0.7:80",
                null,
                "/10.0.0.7:80",
                ChannelDTO.State.FAILED,
                quiet,
                quiet,
                fault),
            new ChannelDTO(
                11,
                "line",
                "io.example.line",
                "unix",
                "unix:/run/line",
                null,
                null,
                ChannelDTO.State.CONNECTED,
                end(rate(77, 2048), 10, false),
                quiet,
                null)),
        List.of(
            new ListenerDTO(
                20,
                "front",
                "",
                "tcp-listen",
                "tcp-listen://127.0.0.1:7000",
                rate(50, 0.5),
                4,
                4,
                "full",
                null)),
        List.of(
            new RelayDTO(
                30,
                "in",
                "",
                "tcp-listen://127.0.0.1:7000",
                "pipe:orders",
                2,
                rate(1_000_000, 250_000),
                rate(10, 3),
                new RelayBuffersDTO(0, 0, 0),
                new RelayBuffersDTO(0, 0, 0),
                false,
                null),
            new RelayDTO(
                31,
                "out",
                "",
                "pipe:orders",
                "tcp://10.0.0.7:80",
                0,
                rate(5, 0),
                rate(5, 0),
                new RelayBuffersDTO(0, 0, 0),
                new RelayBuffersDTO(0, 0, 0),
                false,
                fault),
            new RelayDTO(
                32,
                "held",
                "",
                "unix-listen:/run/a",
                "unix:/run/b",
                0,
                rate(0, -1),
                rate(0, -1),
                new RelayBuffersDTO(0, 0, 0),
                new RelayBuffersDTO(0, 0, 0),
                true,
                null)),
        List.of(new PollerDTO(40, "echo", "", 3, rate(40, 4), 0, "penstock-poller-1")),
        List.of(
            new ServerDTO(
                51,
                "echo",
                "io.example.Echo",
                "tcp-listen://127.0.0.1:7001",
                false,
                null,
                "lines",
                "poller",
                9,
                99,
                1,
                "IllegalStateException: <b>bold</b>",
                began - 60_000,
                List.of(new ConnectionDTO("tcp-9", "/127.0.0.1:5", began - 1000, 3, "nothing")))),
        List.of(
            new FailedHandlerDTO(
                61, "lost", FailedHandlerDTO.Reason.SCHEME, "no kind has 'zzz'", began - 5000)),
        List.of(
            new AwaitedDTO(
                "later", "io.penstock.Channel~later", "channel", began - 5000, 4, "refused")),
        List.of(),
        new ResourcesDTO(77, 1024, 123_456, 99_999_999));
  }

  @Override
  public String why(String name) {
    if (!KNOWN.contains(name)) {
      throw new IllegalArgumentException("there is no " + name);
    }
    return name + " waits for bytes of " + MARKUP;
  }

  @Override
  public void close(String name) {
    done.add("close " + name);
  }

  @Override
  public void pause(String name) {
    if (name.equals("#10")) {
      throw new IllegalArgumentException("one caller only: " + MARKUP);
    }
    paused = true;
    done.add("pause " + name);
  }

  @Override
  public void resume(String name) {
    paused = false;
    done.add("resume " + name);
  }

  @Override
  public ByteBuffer peek(String name, int max) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tap tap(String name, int capacity) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void trace(String name, boolean on) {
    throw new UnsupportedOperationException();
  }
}
