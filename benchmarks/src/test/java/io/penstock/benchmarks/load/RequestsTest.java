// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.benchmarks.server.Address;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** That a request has waited since it was due, and that a dishonest server is not believed. */
class RequestsTest {
  private static final long SECOND = 1_000_000_000L;

  /** How long the server stands still, once. */
  private static final int STALL_MILLIS = 100;

  private ServerSocket listener;

  /** Before which message the server stands still; none if negative. */
  private volatile int stallAt = -1;

  private volatile boolean lies;

  @BeforeEach
  void serve() throws IOException {
    listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    Thread thread =
        new Thread(
            () -> {
              while (!listener.isClosed()) {
                try (Socket socket = listener.accept()) {
                  echo(socket);
                } catch (IOException | InterruptedException e) {
                  // The client has gone, or the test is done.
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private void echo(Socket socket) throws IOException, InterruptedException {
    socket.setTcpNoDelay(true);
    InputStream in = socket.getInputStream();
    for (int i = 0; ; i++) {
      byte[] message = in.readNBytes(Requests.MESSAGE);
      if (message.length < Requests.MESSAGE) {
        return;
      }
      if (i == stallAt) {
        // Nobody counts it down: the time is the stall.
        assertFalse(new CountDownLatch(1).await(STALL_MILLIS, TimeUnit.MILLISECONDS));
      }
      if (lies) {
        message[Requests.MESSAGE - 1] = 'x';
      }
      socket.getOutputStream().write(message);
    }
  }

  @AfterEach
  void close() throws IOException {
    listener.close();
  }

  private Requests connect() throws IOException {
    return new Requests(new Address("tcp:" + listener.getLocalPort()), 1);
  }

  @Test
  void aStallShowsInTheTimesOfAllThatWereDueInIt() throws IOException {
    stallAt = 300;
    try (Requests requests = connect()) {
      requests.open(1000, SECOND);
      Latencies found = requests.latencies();
      assertEquals(1000, found.count());
      // A tenth of the requests were due while it stood still; the last hundredth waited longest.
      assertTrue(found.percentile(99) > 70e6, () -> "p99 " + found.percentile(99));
      assertTrue(found.percentile(94) > 20e6, () -> "p94 " + found.percentile(94));
    }
  }

  /** What the form with waiting clients would have told: that one request was slow. */
  @Test
  void aStallIsOneSlowRequestWhereTheClientWaits() throws IOException {
    stallAt = 300;
    try (Requests requests = connect()) {
      requests.closed(SECOND);
      Latencies found = requests.latencies();
      assertTrue(found.percentile(100) >= STALL_MILLIS * 1e6, () -> "max " + found.text());
      long others = found.count() - 1;
      assertTrue(
          found.percentile(100. * (others - 1) / (others + 1)) < STALL_MILLIS * 1e6 / 2,
          () -> "all but two of " + others + ": " + found.text());
    }
  }

  @Test
  void tellsAllPercentilesAndHowLateItWas() throws IOException {
    try (Requests requests = connect()) {
      double[] found = numbers(requests.open(2000, SECOND / 4));
      assertEquals(Latencies.PERCENTILES.length + 2, found.length);
      for (int i = 1; i <= Latencies.PERCENTILES.length; i++) {
        assertTrue(found[i] >= found[i - 1], () -> List.of(found).toString());
      }
      double[] closed = numbers(requests.closed(SECOND / 10));
      assertEquals(requests.latencies().count(), (long) closed[0], 64);
      assertTrue(closed[1] > 0);
    }
  }

  @Test
  void anAnswerThatWasChangedIsRefused() throws IOException {
    lies = true;
    try (Requests requests = connect()) {
      assertThrows(Exception.class, () -> requests.closed(SECOND / 10));
    }
  }

  private static double[] numbers(String text) {
    return Arrays.stream(text.split(" ", -1)).mapToDouble(Double::parseDouble).toArray();
  }
}
