// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.AddressException;
import io.penstock.pipe.Pipe;
import io.penstock.standalone.Penstock;
import java.io.BufferedReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file that this process has open. By POSIX its lock goes when the process closes any descriptor
 * of it, so that an opening that is refused must not have opened it.
 */
@Timeout(120)
class SameFileTest {
  @TempDir private Path folder;
  private Path file;
  private Penstock penstock;
  private Penstock other;

  @BeforeEach
  void begin() {
    file = Bench.fresh(folder);
    penstock = Penstock.open();
    other = Penstock.open();
  }

  @AfterEach
  void end() {
    penstock.close();
    other.close();
  }

  /** What another process finds. */
  private String lock() throws Exception {
    Process child = Bench.child(List.of(), "lock", file.toString());
    try (BufferedReader told = child.inputReader()) {
      String line = told.readLine();
      assertEquals(0, child.waitFor());
      return line;
    }
  }

  private void isRefused(Penstock second, Path path) throws Exception {
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      AddressException refused =
          assertThrows(AddressException.class, () -> Bench.open(second, path, "takeover=true"));
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
      assertTrue(refused.getMessage().contains("this process has it"), refused.getMessage());
      assertEquals("locked", lock());
      pipe.sink().writeFully(Bench.bytes(0, 1000), Bench.SOON);
      pipe.sink().flush(Bench.SOON);
    }
    penstock.close();
    assertEquals("free", lock());
    try (Pipe pipe = Bench.open(other, path, "")) {
      ByteBuffer all = ByteBuffer.allocate(1000);
      pipe.source().readFully(all, Bench.SOON);
      Bench.check(all.flip(), 0);
      assertEquals("locked", lock());
    }
  }

  @Test
  void anotherProductIsRefusedAndTheLockStays() throws Exception {
    isRefused(other, file);
  }

  @Test
  void aSymbolicLinkIsTheSameFile() throws Exception {
    Files.createFile(file);
    isRefused(penstock, Files.createSymbolicLink(folder.resolve("symbolic"), file));
  }

  @Test
  void aHardLinkIsTheSameFile() throws Exception {
    Files.createFile(file);
    isRefused(penstock, Files.createLink(folder.resolve("hard"), file));
  }

  @Test
  void aFileThroughAnotherFolderIsTheSameFile() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder);
    isRefused(penstock, link.resolve(file.getFileName()));
  }

  @Test
  void whatCouldNotBeOpenedCanBeLater() throws Exception {
    Files.writeString(file, "this is a letter and no pipe".repeat(1000));
    for (int i = 0; i < 2; i++) {
      AddressException refused =
          assertThrows(AddressException.class, () -> Bench.open(penstock, file, ""));
      assertEquals(AddressException.Kind.INVALID, refused.kind());
    }
    Files.delete(file);
    isRefused(other, file);
  }

  /** The system gives the number of a removed file to the next one as soon as it is closed. */
  @Test
  void aFileThatWasRemovedDoesNotKeepTheNextOneOut() throws Exception {
    for (int i = 0; i < 500; i++) {
      Path each = folder.resolve("file" + i);
      Bench.open(penstock, each, "").close();
      Files.delete(each);
    }
  }

  @Test
  void whatAnotherProcessHadCanBeOpenedLater() throws Exception {
    Process child = Bench.child(List.of(), "both", file.toString(), "sync=none", "1");
    try (BufferedReader told = child.inputReader()) {
      assertEquals("acknowledged", told.readLine().split(" ")[0]);
      AddressException refused =
          assertThrows(AddressException.class, () -> Bench.open(penstock, file, ""));
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
    } finally {
      int unused = child.destroyForcibly().waitFor();
    }
    Bench.open(other, file, "").close();
  }
}
