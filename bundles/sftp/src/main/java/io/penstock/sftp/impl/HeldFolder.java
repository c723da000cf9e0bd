// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import io.penstock.spi.Anchor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/** A folder held by native calls. */
final class HeldFolder extends Folder {
  private static final LinkOption[] NONE = {};

  private final Anchor anchor;

  /**
   * Takes an anchor over.
   *
   * @param anchor of a folder
   */
  HeldFolder(Anchor anchor) {
    this.anchor = anchor;
  }

  @Override
  Path path() {
    return anchor.path();
  }

  @Override
  Kind kind(Path name) throws IOException {
    return kindOf(path().resolve(name));
  }

  /** The file at a path; a link at its end is not followed. */
  static Kind kindOf(Path path) throws IOException {
    try {
      return kind(Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
    } catch (NoSuchFileException e) {
      return Kind.NONE;
    }
  }

  /** What attributes are of. */
  static Kind kind(BasicFileAttributes found) {
    if (found.isSymbolicLink()) {
      return Kind.LINK;
    }
    if (found.isDirectory()) {
      return Kind.FOLDER;
    }
    return found.isRegularFile() ? Kind.FILE : Kind.OTHER;
  }

  @Override
  Folder below(List<Path> names) throws IOException {
    Path path = names.get(0);
    for (Path each : names.subList(1, names.size())) {
      path = path.resolve(each);
    }
    // With this at its end it has to be a folder.
    return new HeldFolder(anchor.below(path.resolve(".")));
  }

  @Override
  Item item(Path name) throws IOException {
    Anchor held = anchor.below(name);
    return new Item() {
      @Override
      public Path path() {
        return held.path();
      }

      @Override
      public LinkOption[] options() {
        // The path is a link that the system makes to the held file, even if that is itself a link.
        return NONE;
      }

      @Override
      public void close() {
        held.close();
      }
    };
  }

  @Override
  boolean holdsItems() {
    return true;
  }

  @Override
  public void close() {
    anchor.close();
  }
}
