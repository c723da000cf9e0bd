// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.benchmarks.server.Address;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the load generator believes an honest server, and no other. */
class LoadTest {
  private static final int MESSAGE = 64;

  /** Milliseconds in which a wrong answer comes, whatever else runs. */
  private static final int ENOUGH = 10_000;

  @TempDir static Path programs;
  private static LoadInC load;

  private final List<ServerSocket> listeners = new ArrayList<>();

  /** What a server does with one connection. */
  private interface Body {
    void serve(InputStream in, OutputStream out) throws IOException, InterruptedException;
  }

  @BeforeAll
  static void compile() throws Exception {
    Path program = programs.resolve("load");
    Process gcc;
    try {
      gcc =
          new ProcessBuilder("gcc", "-O1", "-o", program.toString(), "src/main/c/load.c")
              .inheritIO()
              .start();
    } catch (IOException e) {
      assumeTrue(false, "gcc is needed: " + e.getMessage());
      return;
    }
    assertEquals(0, gcc.waitFor());
    load = new LoadInC(program, List.of());
  }

  @AfterEach
  void close() throws IOException {
    for (ServerSocket listener : listeners) {
      listener.close();
    }
  }

  private Address serve(Body body) throws IOException {
    ServerSocket listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    listeners.add(listener);
    Thread thread =
        new Thread(
            () -> {
              while (true) {
                try {
                  Socket socket = listener.accept();
                  Thread one =
                      new Thread(
                          () -> {
                            try (socket) {
                              body.serve(socket.getInputStream(), socket.getOutputStream());
                            } catch (IOException | InterruptedException e) {
                              // The generator has ended.
                            }
                          });
                  one.setDaemon(true);
                  one.start();
                } catch (IOException e) {
                  return;
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
    return new Address("tcp:" + listener.getLocalPort());
  }

  private Address counting(long wrong) throws IOException {
    return serve(
        (in, out) -> {
          byte[] buffer = new byte[65536];
          long count = wrong;
          for (int n; (n = in.read(buffer)) >= 0; ) {
            count += n;
            if (buffer[n - 1] == '\n') {
              out.write((count + "\n").getBytes(US_ASCII));
            }
          }
        });
  }

  /** Echoes, and changes one byte of a message. */
  private Address echoing(int wrong) throws IOException {
    return serve(
        (in, out) -> {
          for (int i = 0; ; i++) {
            byte[] message = in.readNBytes(MESSAGE);
            if (message.length < MESSAGE) {
              return;
            }
            if (i == wrong) {
              message[MESSAGE / 2]++;
            }
            out.write(message);
          }
        });
  }

  private Address lines(long wrong) throws IOException {
    return serve(
        (in, out) -> {
          byte[] buffer = new byte[65536];
          long lines = 0;
          long bytes = 0;
          long sum = wrong;
          boolean begins = true;
          for (int n; (n = in.read(buffer)) >= 0; ) {
            boolean ends = false;
            for (int i = 0; i < n; i++, bytes++) {
              ends = begins && buffer[i] == '\n';
              sum += begins ? buffer[i] : 0;
              begins = buffer[i] == '\n';
              lines += begins ? 1 : 0;
            }
            if (ends) {
              out.write((lines + " " + (bytes) + " " + sum + "\n").getBytes(US_ASCII));
            }
          }
        });
  }

  private static String refusal(org.junit.jupiter.api.function.Executable executable) {
    return String.valueOf(assertThrows(IOException.class, executable).getMessage());
  }

  /** It takes all, and never says how much that was. */
  @Test
  void aServerThatStandsStillIsToldFromOneThatLies() throws Exception {
    Address silent = serve((in, out) -> in.transferTo(OutputStream.nullOutputStream()));
    assertThrows(LoadInC.StoodStill.class, () -> load.flood(silent, 4096, 20));
  }

  @Test
  void believesAnHonestServer() throws Exception {
    double[] flood = load.flood(counting(0), 8192, 50);
    assertTrue(flood[0] > 0 && flood[1] > 8192);
    assertTrue(load.lines(lines(0), 50) > 0);
    Address echo = echoing(-1);
    double[] trip = load.trip(echo, false, 50);
    assertTrue(
        trip[0] > 0 && trip[0] <= trip[1] && trip[1] <= trip[2], () -> trip[0] + " " + trip[1]);
    Address plain = serve((in, out) -> in.transferTo(out));
    double[] both = load.both(plain, 8192, 50);
    assertTrue(both[0] > 0 && both[1] > 2 * 8192);
    boolean[] idle = new boolean[1];
    double[] requests = load.requests(echo, 4, 20, 10, 50, () -> idle[0] = true);
    assertTrue(idle[0] && requests[0] > 0 && requests[1] <= requests[2]);
  }

  @Test
  void refusesAServerThatDropsAByte() throws IOException {
    Address address = counting(-1);
    String said = refusal(() -> load.flood(address, 8192, 50));
    assertTrue(said.contains("bytes, expected"), said);
  }

  @Test
  void refusesAnEchoThatIsNone() throws IOException {
    Address address = counting(0);
    String said = refusal(() -> load.both(address, 8192, 50));
    assertTrue(said.contains("bytes came back, expected"), said);
  }

  @Test
  void refusesAnEchoThatChangesAByte() throws IOException {
    Address address = echoing(3);
    String said = refusal(() -> load.trip(address, false, ENOUGH));
    assertTrue(said.contains("round trip 3 brought something else"), said);
    String spinning = refusal(() -> load.trip(address, true, ENOUGH));
    assertTrue(spinning.contains("round trip 3 brought something else"), spinning);
  }

  @Test
  void refusesARequestThatIsAnsweredWrongly() throws IOException {
    Address address = echoing(7);
    String said = refusal(() -> load.requests(address, 2, 1, 10, ENOUGH, () -> {}));
    assertTrue(said.contains("request 7 brought something else"), said);
  }

  @Test
  void refusesAServerThatClosesAnIdleConnection() throws IOException {
    CountDownLatch closed = new CountDownLatch(1);
    Address address =
        serve(
            (in, out) -> {
              byte[] message = in.readNBytes(MESSAGE);
              // The idle one says one thing only.
              boolean idle = new String(message, US_ASCII).startsWith("1 0 ");
              if (!idle) {
                closed.await();
              }
              out.write(message);
              if (idle) {
                out.close();
                closed.countDown();
              } else {
                in.transferTo(out);
              }
            });
    String said = refusal(() -> load.requests(address, 1, 1, 10, 50, () -> {}));
    assertTrue(said.contains("idle connection 0 is idle no more"), said);
  }

  @Test
  void refusesAServerThatMissesALine() throws IOException {
    Address address = lines(1);
    String said = refusal(() -> load.lines(address, 50));
    assertTrue(said.contains("the server answered '"), said);
  }

  @Test
  void saysHowManyDescriptorsAreNeeded() throws IOException {
    Address address = echoing(-1);
    String said = refusal(() -> load.requests(address, 64, 100_000_000, 10, 50, () -> {}));
    assertTrue(said.contains("need 100000080 descriptors"), said);
    assertTrue(said.contains("ulimit -Hn"), said);
  }

  @Test
  void refusesAnAddressThatIsNone() throws IOException {
    assertThrows(IllegalArgumentException.class, () -> new Address("localhost:80"));
    assertEquals(List.of("tcp:1"), List.of(new Address("tcp:1").text()));
  }
}
