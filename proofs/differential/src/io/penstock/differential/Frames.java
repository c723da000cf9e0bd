// SPDX-License-Identifier: Apache-2.0
package io.penstock.differential;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Framing;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32;

/**
 * For each line "KIND NUMBER FAULT" on standard input two servers that answer each frame with its
 * length and checksum, and the end with a word: one by a poller, one by a thread for each client
 * and a reader that takes byte after byte. Answers "PORT PORT".
 */
final class Frames {
  private static final byte[] DELIMITER = ";;\n".getBytes(US_ASCII);

  private Frames() {}

  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    try (Penstock penstock = Penstock.open()) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ");
        int number = Integer.parseInt(words[1]);
        System.out.println(
            polled(penstock, words[0], number, words[2]) + " " + plain(words[0], number));
      }
    }
    System.exit(0);
  }

  private static byte[] answer(byte[] frame) {
    CRC32 sum = new CRC32();
    sum.update(frame);
    return ("frame " + frame.length + " " + sum.getValue() + "\n").getBytes(US_ASCII);
  }

  // ---- by a poller

  private static int polled(Penstock penstock, String kind, int number, String fault)
      throws IOException {
    int most = fault.equals("limit") ? number - 1 : number;
    Framing framing =
        switch (kind) {
          case "lines" -> Framing.lines(most);
          case "delimited" -> Framing.delimited(ByteSequence.of(DELIMITER), most);
          case "length1" -> Framing.lengthPrefixed(1, most);
          case "length2" -> Framing.lengthPrefixed(2, most);
          case "length4" -> Framing.lengthPrefixed(4, most);
          default -> Framing.fixed(number);
        };
    Listener listener =
        penstock.channels().listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), ChannelOptions.defaults());
    Poller poller = penstock.poller();
    poller.register(listener, framing);
    poller.start(new Answers(fault));
    String at = listener.endpoint().toString();
    return Integer.parseInt(at.substring(at.lastIndexOf(':') + 1));
  }

  private static final class Answers implements ChannelHandler {
    private final String fault;
    private final Map<Registration, Channel> clients = new ConcurrentHashMap<>();
    private Channel before;

    Answers(String fault) {
      this.fault = fault;
    }

    @Override
    public void opened(Registration at, Channel channel, Registration client) {
      clients.put(client, channel);
    }

    @Override
    public void data(Registration client, ByteBuffer frame) {
      byte[] bytes = new byte[frame.remaining()];
      frame.get(bytes);
      if (fault.equals("last") && bytes.length > 0) {
        bytes[bytes.length - 1] ^= 1;
      }
      Channel channel = clients.get(client);
      Channel to = fault.equals("other") && before != null ? before : channel;
      before = channel;
      if (channel != null) {
        to.sink().writeAsync(ByteBuffer.wrap(answer(bytes)));
      }
    }

    @Override
    public void ended(Registration client) {
      Channel channel = clients.remove(client);
      if (channel != null) {
        String word = fault.equals("end") ? "" : "end\n";
        channel
            .sink()
            .writeAsync(ByteBuffer.wrap(word.getBytes(US_ASCII)))
            .whenComplete((done, failure) -> close(channel));
      }
    }

    @Override
    public void failed(Registration client, Throwable cause) {
      Channel channel = clients.remove(client);
      if (channel != null && fault.equals("failure")) {
        close(channel);
      } else if (channel != null) {
        channel.abort(cause);
      }
    }

    private static void close(Channel channel) {
      try {
        channel.close();
      } catch (IOException e) {
        // What the client saw is what counts.
        System.err.println(e);
      }
    }
  }

  // ---- the reference

  private static int plain(String kind, int number) throws IOException {
    ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    Thread accepting =
        new Thread(
            () -> {
              while (true) {
                try {
                  Socket client = server.accept();
                  Thread thread = new Thread(() -> serve(client, kind, number));
                  thread.setDaemon(true);
                  thread.start();
                } catch (IOException e) {
                  System.err.println(e);
                  return;
                }
              }
            });
    accepting.setDaemon(true);
    accepting.start();
    return server.getLocalPort();
  }

  private static void serve(Socket client, String kind, int number) {
    try (client) {
      try {
        InputStream in = new BufferedInputStream(client.getInputStream());
        OutputStream out = client.getOutputStream();
        for (byte[] frame = frame(in, kind, number); frame != null; frame = frame(in, kind, number)) {
          out.write(answer(frame));
        }
        out.write("end\n".getBytes(US_ASCII));
        // So that what the client still sends does not cut it before it has read this.
        client.shutdownOutput();
      } catch (IOException e) {
        client.setSoLinger(true, 0);
      }
    } catch (IOException e) {
      System.err.println(e);
    }
  }

  /** The next frame; null at the end. */
  private static byte[] frame(InputStream in, String kind, int number) throws IOException {
    return switch (kind) {
      case "lines" -> until(in, new byte[] {'\n'}, number);
      case "delimited" -> until(in, DELIMITER, number);
      case "length1" -> prefixed(in, 1, number);
      case "length2" -> prefixed(in, 2, number);
      case "length4" -> prefixed(in, 4, number);
      default -> exactly(in, number, true);
    };
  }

  private static byte[] until(InputStream in, byte[] delimiter, int most) throws IOException {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    while (true) {
      int next = in.read();
      if (next < 0) {
        return frame.size() == 0 ? null : frame.toByteArray();
      }
      frame.write(next);
      byte[] all = frame.toByteArray();
      if (all.length >= delimiter.length
          && java.util.Arrays.equals(
              all, all.length - delimiter.length, all.length, delimiter, 0, delimiter.length)) {
        return all;
      }
      if (all.length >= most) {
        throw new IOException("too long");
      }
    }
  }

  private static byte[] prefixed(InputStream in, int bytes, int most) throws IOException {
    byte[] prefix = exactly(in, bytes, true);
    if (prefix == null) {
      return null;
    }
    long length = 0;
    for (byte each : prefix) {
      length = length << 8 | (each & 0xff);
    }
    if (length > most) {
      throw new IOException("too long");
    }
    return exactly(in, (int) length, false);
  }

  private static byte[] exactly(InputStream in, int count, boolean mayEnd) throws IOException {
    byte[] found = in.readNBytes(count);
    if (found.length == 0 && count > 0 && mayEnd) {
      return null;
    }
    if (found.length < count) {
      throw new IOException("cut off");
    }
    return found;
  }
}
