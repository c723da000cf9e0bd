// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.fuzz.Fuzz;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What {@code recvmsg} fills in: no more descriptors than there is room for, whatever the lengths
 * say. The first two bytes are how long the control messages are.
 */
class MessageFuzzTest {
  private static final int CONTROL_LENGTH = 40;
  private static final int CONTROL_BEGINS = 88;

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    if (data.length < 2) {
      return;
    }
    ByteBuffer[] memory = new ByteBuffer[1];
    Posix calls =
        (Posix)
            Proxy.newProxyInstance(
                MessageFuzzTest.class.getClassLoader(),
                new Class<?>[] {Posix.class},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "address" -> {
                        memory[0] = (ByteBuffer) arguments[0];
                        yield 0L;
                      }
                      case "recvmsg" -> received(memory[0], data);
                      default -> throw new AssertionError(method.getName());
                    });
    Message message = new Message(calls);
    Fuzz.same(1, message.receive(3, 0, 1), "received");
    List<Integer> descriptors = message.received();
    int room = memory[0].capacity() - CONTROL_BEGINS;
    Fuzz.holds(4 * descriptors.size() <= room, "more descriptors than there is room for");
  }

  /** The system fills in no more than there is room for. */
  private static int received(ByteBuffer memory, byte[] data) {
    int room = memory.capacity() - CONTROL_BEGINS;
    int length = Math.min(room, (data[0] & 255) << 8 | data[1] & 255);
    for (int i = 0; i < Math.min(room, data.length - 2); i++) {
      memory.put(CONTROL_BEGINS + i, data[i + 2]);
    }
    memory.putLong(CONTROL_LENGTH, length);
    return 1;
  }
}
