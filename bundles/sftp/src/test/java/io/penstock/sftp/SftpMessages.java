// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A client that says message by message what it likes. */
abstract class SftpMessages {
  /** By how native calls are made. */
  private static final Map<String, Penstock> ALL = new ConcurrentHashMap<>();

  static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  static final int INIT = 1;
  static final int OPEN = 3;
  static final int CLOSE = 4;
  static final int READ = 5;
  static final int WRITE = 6;
  static final int LSTAT = 7;
  static final int FSTAT = 8;
  static final int SETSTAT = 9;
  static final int FSETSTAT = 10;
  static final int OPENDIR = 11;
  static final int READDIR = 12;
  static final int REMOVE = 13;
  static final int MKDIR = 14;
  static final int RMDIR = 15;
  static final int REALPATH = 16;
  static final int STAT = 17;
  static final int RENAME = 18;
  static final int READLINK = 19;
  static final int SYMLINK = 20;
  static final int EXTENDED = 200;

  static final int VERSION = 2;
  static final int STATUS = 101;
  static final int HANDLE = 102;
  static final int DATA = 103;
  static final int NAME = 104;
  static final int ATTRS = 105;

  static final int OK = 0;
  static final int NO_SUCH_FILE = 2;
  static final int DENIED = 3;
  static final int UNSUPPORTED = 8;

  static final int FOR_READING = 1;
  static final int CREATING = 2 | 8;

  @TempDir Path folder;
  Path served;
  Path outside;

  @BeforeEach
  void makeFolders() throws IOException {
    served = Files.createDirectory(folder.resolve("served"));
    outside = Files.createDirectory(folder.resolve("outside"));
    Files.writeString(outside.resolve("secret"), "secret");
    Files.writeString(served.resolve("file"), "content");
  }

  @AfterAll
  static void close() {
    ALL.values().forEach(Penstock::close);
    ALL.clear();
  }

  /** How native calls are made. */
  String natives() {
    return "auto";
  }

  final Penstock penstock() {
    return ALL.computeIfAbsent(
        natives(),
        mode -> {
          System.setProperty("io.penstock.native", mode);
          try {
            Penstock made = Penstock.open();
            made.provide(new SftpProvider());
            return made;
          } finally {
            System.clearProperty("io.penstock.native");
          }
        });
  }

  /** A client that knows how messages are made, and nothing else. */
  final class Client implements AutoCloseable {
    final Channel channel;
    int id;

    Client(Path root, String options) throws IOException {
      channel =
          penstock()
              .channels()
              .open(
                  Endpoint.parse("sftp-server:" + root + options), ChannelOptions.defaults(), SOON);
      send(INIT, 3);
      ByteBuffer version = receive();
      assertEquals(VERSION, version.get());
      assertEquals(3, version.getInt());
    }

    void send(int type, Object... parts) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      out.writeByte(type);
      for (Object part : parts) {
        if (part instanceof Integer number) {
          out.writeInt(number);
        } else if (part instanceof Long number) {
          out.writeLong(number);
        } else {
          byte[] text =
              part instanceof byte[] raw ? raw : part.toString().getBytes(StandardCharsets.UTF_8);
          out.writeInt(text.length);
          out.write(text);
        }
      }
      ByteBuffer message = ByteBuffer.allocate(4 + bytes.size());
      message.putInt(bytes.size()).put(bytes.toByteArray()).flip();
      channel.sink().writeFully(message, SOON);
    }

    ByteBuffer receive() throws IOException {
      ByteBuffer length = ByteBuffer.allocate(4);
      channel.source().readFully(length, SOON);
      ByteBuffer body = ByteBuffer.allocate(length.flip().getInt());
      channel.source().readFully(body, SOON);
      return body.flip();
    }

    /** Asks; the answer without its type and its number. */
    ByteBuffer ask(int expected, int type, Object... parts) throws IOException {
      List<Object> all = new ArrayList<>(List.of(++id));
      all.addAll(List.of(parts));
      send(type, all.toArray());
      ByteBuffer answer = receive();
      int got = answer.get() & 0xFF;
      assertEquals(id, answer.getInt());
      assertEquals(
          expected, got, () -> got == STATUS ? "status " + answer.getInt() : "another answer");
      return answer;
    }

    /** Asks; the whole answer, whatever it is. */
    ByteBuffer any(int type, Object... parts) throws IOException {
      List<Object> all = new ArrayList<>(List.of(++id));
      all.addAll(List.of(parts));
      send(type, all.toArray());
      return receive();
    }

    int status(int type, Object... parts) throws IOException {
      return ask(STATUS, type, parts).getInt();
    }

    byte[] open(String path, int flags) throws IOException {
      return bytes(ask(HANDLE, OPEN, path, flags, 0));
    }

    @Override
    public void close() {
      channel.abort(new IOException("the test is over"));
    }
  }

  static byte[] bytes(ByteBuffer answer) {
    byte[] found = new byte[answer.getInt()];
    answer.get(found);
    return found;
  }

  static long size(ByteBuffer attributes) {
    assertEquals(1, attributes.getInt() & 1, "there is a size");
    return attributes.getLong();
  }

  /** The sizes of what was listed. */
  static Map<String, Long> names(ByteBuffer answer) {
    Map<String, Long> found = new HashMap<>();
    int count = answer.getInt();
    for (int i = 0; i < count; i++) {
      String name = new String(bytes(answer), StandardCharsets.UTF_8);
      byte[] unused = bytes(answer);
      int flags = answer.getInt();
      assertEquals(1 | 2 | 4 | 8, flags, "of size, owner, permissions and times");
      found.put(name, answer.getLong());
      answer.position(answer.position() + 8 + 4 + 8);
    }
    return found;
  }

  static String name(ByteBuffer answer) {
    assertEquals(1, answer.getInt());
    return new String(bytes(answer), StandardCharsets.UTF_8);
  }
}
