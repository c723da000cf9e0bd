// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import io.penstock.benchmarks.run.Giving;
import io.penstock.benchmarks.run.RoundTrip;
import io.penstock.benchmarks.run.Throughput;
import java.util.Arrays;
import java.util.Locale;

/** The paths that are compared. Those of the pipe are the benchmarks of the page. */
enum Route {
  /** A write of 64 B into a pipe. */
  PIPE_64,
  /** A write of 8 KiB into a pipe. */
  PIPE_8K,
  /** A write of 64 KiB into a pipe. */
  PIPE_64K,
  /** A byte there and back through two pipes. */
  TRIP,
  /** An array of 8 KiB handed over. */
  HAND_OVER,
  /** A request of 64 B over TCP to a poller. */
  TCP,
  /** A request of 4 KiB over a Unix socket to a poller. */
  UNIX,
  /** The request over TCP beside 400 connections that ask nothing. */
  IDLE,
  /** A line of 100 B over a Unix socket to a poller. */
  LINES,
  /** 64 KiB from a Unix socket through a relay to TCP. */
  RELAY,
  /** 64 KiB from a Unix socket through a relay to another one. */
  RELAY_UNIX;

  /** The name for people: lower case, words joined by hyphens. */
  String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What {@link #text()} has made a text of. */
  static Route parse(String text) {
    return Arrays.stream(values())
        .filter(route -> route.text().equals(text))
        .findAny()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the path is '"
                        + text
                        + "', expected one of "
                        + Arrays.stream(values()).map(Route::text).toList()));
  }

  /** Starts its work. */
  Load open() throws Exception {
    return switch (this) {
      case PIPE_64 -> throughput(64);
      case PIPE_8K -> throughput(8 * 1024);
      case PIPE_64K -> throughput(64 * 1024);
      case TRIP -> trip();
      case HAND_OVER -> handOver();
      case TCP -> Requests.tcp(64, 0);
      case UNIX -> Requests.unix(4 * 1024);
      case IDLE -> Requests.tcp(64, 400);
      case LINES -> new Lines();
      case RELAY -> Relayed.toTcp();
      case RELAY_UNIX -> Relayed.toUnix();
    };
  }

  private static Load throughput(int chunk) throws Exception {
    Throughput pipe = new Throughput();
    pipe.peer = Peer.PENSTOCK;
    pipe.chunk = chunk;
    pipe.buffer = Shape.BUFFER;
    pipe.users = Shape.Users.DEFAULT;
    pipe.open();
    return load(pipe::batch, Throughput.writes(chunk), pipe::close);
  }

  private static Load trip() throws Exception {
    RoundTrip trip = new RoundTrip();
    trip.peer = Peer.PENSTOCK;
    trip.open();
    return load(trip::trip, 1, trip::close);
  }

  private static Load handOver() throws Exception {
    Giving giving = new Giving();
    giving.peer = Peer.PENSTOCK;
    giving.open();
    return load(giving::batch, Giving.BATCH, giving::close);
  }

  /** A step of a benchmark. */
  private interface Step {
    void run() throws Exception;
  }

  private static Load load(Step batch, int operations, Step end) {
    return new Load() {
      @Override
      public int batch() throws Exception {
        batch.run();
        return operations;
      }

      @Override
      public void end() throws Exception {
        end.run();
      }
    };
  }
}
