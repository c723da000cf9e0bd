// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps of operations that no client can make fail. */
class OperationsTest {
  @TempDir Path folder;

  /** What cannot be deleted, by root either. */
  private Path stuck(String name) throws IOException {
    Path made = Files.createDirectory(folder.resolve(name));
    Files.writeString(made.resolve("child"), "x");
    return made;
  }

  @Test
  void renameThatFailsHalfwayLeavesTheFirstName() throws Exception {
    Path source = stuck("source");
    Path target = Files.writeString(folder.resolve("target"), "x");
    Path other = Files.createLink(folder.resolve("other"), target);
    DirectoryNotEmptyException failed =
        assertThrows(
            DirectoryNotEmptyException.class, () -> Operations.dropFirstName(source, target));
    assertEquals(source.toString(), failed.getFile());
    assertEquals(0, failed.getSuppressed().length);
    assertTrue(Files.exists(source));
    assertFalse(Files.exists(target));
    assertTrue(Files.exists(other));
  }

  @Test
  void theLastNameOfAFileStays() throws Exception {
    Path target = Files.writeString(folder.resolve("target"), "x");
    Operations.dropFirstName(folder.resolve("gone meanwhile"), target);
    assertTrue(Files.exists(target));
    assertThrows(
        DirectoryNotEmptyException.class, () -> Operations.dropFirstName(stuck("source"), target));
    assertTrue(Files.exists(target));
  }

  @Test
  void renameThatCannotBeUndoneTellsBothReasons() throws Exception {
    Path source = stuck("source");
    Path target = stuck("target");
    DirectoryNotEmptyException failed =
        assertThrows(
            DirectoryNotEmptyException.class, () -> Operations.dropFirstName(source, target));
    assertEquals(source.toString(), failed.getFile());
    assertEquals(
        target.toString(), ((DirectoryNotEmptyException) failed.getSuppressed()[0]).getFile());
  }
}
