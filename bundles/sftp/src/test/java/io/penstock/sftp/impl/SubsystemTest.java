// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What becomes of failures that the JDK does not declare, as of the close of a folder's stream. */
class SubsystemTest {
  private static final int STATUS = 101;
  private static final int FAILURE = 4;

  /** Thrown like the JDK's own for system calls: a checked one that no signature names. */
  private static final class Undeclared extends Exception {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("unchecked")
    private static <E extends Exception> RuntimeException thrown() throws E {
      throw (E) new Undeclared();
    }
  }

  /** A folder of which every call fails. */
  private static final class Failing extends Folder {
    private final AtomicInteger closes = new AtomicInteger();

    @Override
    Path path() {
      throw Undeclared.<RuntimeException>thrown();
    }

    @Override
    Kind kind(Path name) {
      throw Undeclared.<RuntimeException>thrown();
    }

    @Override
    Folder below(List<Path> names) {
      throw Undeclared.<RuntimeException>thrown();
    }

    @Override
    Item item(Path name) {
      throw Undeclared.<RuntimeException>thrown();
    }

    @Override
    boolean holdsItems() {
      return true;
    }

    @Override
    public void close() {
      closes.incrementAndGet();
      throw Undeclared.<RuntimeException>thrown();
    }
  }

  @Test
  void failuresOfAnyKindAreToldAndEndNothing() throws IOException {
    Failing folder = new Failing();
    List<byte[]> answers = new ArrayList<>();
    Subsystem server =
        new Subsystem(
            "test",
            new Enclosure(Path.of("/nowhere"), folder),
            false,
            answer -> {
              byte[] bytes = new byte[answer.remaining()];
              answer.get(bytes);
              answers.add(bytes);
            });
    server.handle(new byte[] {0, 0, 0, 5, Protocol.INIT, 0, 0, 0, 3});
    byte[] path = "/x".getBytes(StandardCharsets.UTF_8);
    ByteBuffer request = ByteBuffer.allocate(15).putInt(11).put((byte) Protocol.LSTAT);
    server.handle(request.putInt(7).putInt(path.length).put(path).array());
    assertEquals(2, answers.size());
    ByteBuffer answer = ByteBuffer.wrap(answers.get(1), Integer.BYTES, 9);
    byte[] expected = ByteBuffer.allocate(9).put((byte) STATUS).putInt(7).putInt(FAILURE).array();
    byte[] head = new byte[9];
    answer.get(head);
    assertArrayEquals(expected, head);
    server.finish();
    assertEquals(1, folder.closes.get());
  }
}
