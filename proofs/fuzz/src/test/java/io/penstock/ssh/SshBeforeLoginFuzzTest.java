// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.fuzz.Connection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What a client may say before anything is encrypted: it costs that connection only. An input that
 * begins with {@code P} is one packet after the other, each with its length in a byte in front,
 * which get their frames here; any other is sent as it is.
 */
class SshBeforeLoginFuzzTest {
  private static final byte[] VERSION = "SSH-2.0-fuzz\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int BLOCK = 8;
  private static final int LEAST_PADDING = 4;

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      boolean packets = data.length > 0 && data[0] == 'P';
      Connection.say(SshServer.port(), packets ? packets(data) : data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] packets(byte[] data) {
    ByteBuffer all = ByteBuffer.allocate(VERSION.length + 16 * data.length + 64).put(VERSION);
    int at = 1;
    while (at < data.length) {
      int end = Math.min(data.length, at + 1 + (data[at] & 255));
      int length = end - at - 1;
      int padding = BLOCK - (5 + length) % BLOCK;
      padding = padding < LEAST_PADDING ? padding + BLOCK : padding;
      all.putInt(1 + length + padding).put((byte) padding).put(data, at + 1, length);
      all.put(new byte[padding]);
      at = end;
    }
    byte[] bytes = new byte[all.position()];
    all.flip().get(bytes);
    return bytes;
  }
}
