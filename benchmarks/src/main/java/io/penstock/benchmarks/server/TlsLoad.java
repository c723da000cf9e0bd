// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A process that encrypts and writes into a server that counts: for each line "CHUNK MILLIS" of
 * standard input, over a connection of its own, it tells GB/s.
 */
public final class TlsLoad {
  /** One connection to a server. */
  interface Line extends AutoCloseable {
    /** Writes all of these; may return while some of them are on their way. */
    void write(ByteBuffer bytes) throws Exception;

    /** What the server answered, without its line feed. */
    String answer() throws Exception;

    @Override
    void close() throws IOException;
  }

  /** Connects. */
  interface Lines {
    Line open() throws Exception;
  }

  private TlsLoad() {}

  /**
   * Writes.
   *
   * @param arguments whose client it is, the address and the folder of the certificate
   */
  public static void main(String[] arguments) throws Exception {
    Address address = new Address(arguments[1]);
    Path folder = Path.of(arguments[2]);
    Lines lines = lines(Server.valueOf(arguments[0]), address, folder);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line; (line = input.readLine()) != null; ) {
      List<String> numbers = List.of(line.split(" ", -1));
      System.out.println(
          flood(lines, Integer.parseInt(numbers.get(0)), Long.parseLong(numbers.get(1))));
    }
    System.exit(0);
  }

  private static Lines lines(Server server, Address address, Path folder) throws IOException {
    return switch (server) {
      case PENSTOCK_TLS -> {
        Penstock penstock = Tls.penstock();
        yield () -> new PenstockLine(penstock, address, folder);
      }
      case NETTY_TLS -> {
        NettyClient client = new NettyClient(Tls.nettyClient(folder));
        yield () -> client.connect(address);
      }
      default -> throw new IllegalArgumentException(server + " does not speak TLS");
    };
  }

  private static double flood(Lines lines, int chunk, long millis) throws Exception {
    byte[] bytes = new byte[chunk];
    Arrays.fill(bytes, (byte) 'x');
    ByteBuffer direct = ByteBuffer.allocateDirect(chunk).put(bytes).flip();
    try (Line line = lines.open()) {
      long start = System.nanoTime();
      long sent = 0;
      do {
        line.write(direct.duplicate());
        sent += chunk;
      } while (System.nanoTime() - start < millis * 1_000_000);
      line.write(ByteBuffer.wrap("\n".getBytes(US_ASCII)));
      String answer = line.answer();
      long taken = System.nanoTime() - start;
      if (!answer.equals(Long.toString(sent + 1))) {
        throw new IOException("the server counted " + answer + " bytes, expected " + (sent + 1));
      }
      return (double) sent / taken;
    }
  }

  private static final class PenstockLine implements Line {
    private final Channel channel;

    PenstockLine(Penstock penstock, Address address, Path folder) throws IOException {
      this.channel =
          penstock
              .channels()
              .open(Tls.connecting(address, folder), ChannelOptions.defaults(), Wait.forever());
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      channel.sink().writeFully(bytes, Wait.forever());
    }

    @Override
    public String answer() throws IOException {
      return String.valueOf(
          channel.source().readLine(US_ASCII, 100, Terminator.STRIP, Wait.forever()));
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
