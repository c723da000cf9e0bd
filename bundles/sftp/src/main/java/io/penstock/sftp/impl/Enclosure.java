// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The folder that a client is enclosed in. It is opened once. Paths are followed from there name by
 * name: each folder on the way is held by a descriptor, no call follows a link, and where a link
 * leads is read and followed here, by the same steps. So nothing that others do to names and links
 * meanwhile leads out. For one thread at a time.
 */
final class Enclosure implements Closeable {
  private static final int MAX_LINKS = 40;
  private static final int LONGEST = 4096;

  /** A path with links in it comes to that many steps at most, each a call or two. */
  private static final int MAX_STEPS = 10_000;

  private final Path root;
  private final Folder top;

  /**
   * Encloses.
   *
   * @param root the real path of the folder; links with absolute targets are compared with it
   * @param top the folder, this object's from now on
   */
  Enclosure(Path root, Folder top) {
    this.root = root;
    this.top = top;
  }

  /** A name in a folder, or the folder itself. Holds the folder until it is closed. */
  final class Spot implements Closeable {
    private final Folder folder;
    private final List<Path> names;
    private final @Nullable Path name;
    private boolean slashed;

    private Spot(Folder folder, List<Path> names, @Nullable Path name) {
      this.folder = folder;
      this.names = names;
      this.name = name;
    }

    Folder folder() {
      return folder;
    }

    boolean isFolder() {
      return name == null;
    }

    /** The file that is there; a link at the end is not followed. */
    Folder.Kind kind() throws IOException {
      return name == null ? Folder.Kind.FOLDER : folder.kind(name);
    }

    /** Whether what is of that kind can have the path: with a slash at its end, folders only. */
    boolean isFor(Folder.Kind kind) {
      return !slashed || kind == Folder.Kind.FOLDER;
    }

    /** For a call that makes, removes or renames a name and follows no link. */
    Path named() throws IOException {
      if (name == null) {
        // As the system says it of the names with dots.
        throw new FileSystemException("", null, "Device or resource busy");
      }
      return folder.path().resolve(name);
    }

    /** For a call about what is there. */
    Folder.Item item() throws IOException {
      if (name != null) {
        return folder.item(name);
      }
      Path path = folder.path();
      return new Folder.Item() {
        @Override
        public Path path() {
          return path;
        }

        @Override
        public LinkOption[] options() {
          return new LinkOption[0];
        }

        @Override
        public void close() {
          // The spot holds it.
        }
      };
    }

    /** A copy of the folder, the caller's. */
    Folder open() throws IOException {
      return folder.below(List.of(Path.of(".")));
    }

    boolean isBeside(Spot other) {
      return names.equals(other.names);
    }

    /** As the client knows it. */
    String path() {
      StringBuilder text = new StringBuilder();
      names.forEach(each -> text.append('/').append(each));
      if (name != null) {
        text.append('/').append(name);
      }
      return text.isEmpty() ? "/" : text.toString();
    }

    @Override
    public void close() throws IOException {
      if (folder != top) {
        folder.close();
      }
    }
  }

  /** What is left of a path. */
  private record Step(String name, boolean ofLink) {}

  /** A way from the top, with what is open on it. */
  private final class Walk implements Closeable {
    private final Deque<Step> rest = new ArrayDeque<>();
    private final List<Path> names = new ArrayList<>();
    // Null when names were taken away.
    private @Nullable Folder present = top;
    private int links;
    private int steps;

    Walk(String path) throws IOException {
      add(path, false);
    }

    private void add(String path, boolean ofLink) throws IOException {
      if (path.length() >= LONGEST) {
        throw new InvalidPathException("a path", "it is too long");
      }
      if (path.isEmpty()) {
        throw new NoSuchFileException("");
      }
      List<String> parts = List.of(path.split("/"));
      if (path.endsWith("/")) {
        rest.push(new Step(".", ofLink));
      }
      for (int i = parts.size() - 1; i >= 0; i--) {
        if (!parts.get(i).isEmpty()) {
          rest.push(new Step(parts.get(i), ofLink));
        }
      }
    }

    /** Goes all the way. */
    Spot go(boolean follow) throws IOException {
      while (!rest.isEmpty()) {
        if (++steps > MAX_STEPS) {
          throw new FileSystemLoopException("a path");
        }
        Step step = rest.pop();
        if (step.name().equals("..")) {
          up(step.ofLink());
        } else if (!step.name().equals(".")) {
          Path name = Path.of(step.name());
          if (rest.isEmpty() && !follow) {
            return spot(name);
          }
          Spot end = enter(name);
          if (end != null) {
            return end;
          }
        }
      }
      return spot(null);
    }

    private @Nullable Spot enter(Path name) throws IOException {
      Folder here = here();
      switch (here.kind(name)) {
        case LINK -> {
          follow(here, name);
          return null;
        }
        case FOLDER -> {
          Folder next = here.below(List.of(name));
          leave();
          present = next;
          names.add(name);
          return null;
        }
        case NONE -> {
          if (rest.isEmpty()) {
            return spot(name);
          }
          throw new NoSuchFileException(name.toString());
        }
        default -> {
          if (rest.isEmpty()) {
            return spot(name);
          }
          throw new NotDirectoryException(name.toString());
        }
      }
    }

    private void follow(Folder here, Path name) throws IOException {
      if (++links > MAX_LINKS) {
        throw new FileSystemLoopException(name.toString());
      }
      Path target = Files.readSymbolicLink(here.path().resolve(name));
      if (target.isAbsolute()) {
        if (!target.startsWith(root)) {
          throw leadsOut(name);
        }
        target = root.relativize(target);
        leave();
        present = top;
        names.clear();
      }
      add(target.toString().isEmpty() ? "." : target.toString(), true);
    }

    private void up(boolean ofLink) throws IOException {
      if (!names.isEmpty()) {
        names.remove(names.size() - 1);
        leave();
      } else if (ofLink) {
        throw leadsOut(Path.of(".."));
      }
    }

    private Folder here() throws IOException {
      Folder found = present;
      if (found == null) {
        // By the names that led there, from the top: what the system has above a folder is not
        // asked for.
        found = names.isEmpty() ? top : top.below(names);
        present = found;
      }
      return found;
    }

    private void leave() throws IOException {
      Folder left = present;
      present = null;
      if (left != null && left != top) {
        left.close();
      }
    }

    private Spot spot(@Nullable Path name) throws IOException {
      Spot found = new Spot(here(), List.copyOf(names), name);
      present = null;
      return found;
    }

    @Override
    public void close() throws IOException {
      leave();
    }
  }

  private static AccessDeniedException leadsOut(Path path) {
    return new AccessDeniedException(path.toString(), null, "leads out of what is served");
  }

  /**
   * Follows a path.
   *
   * @param path as the client says it
   * @param follow whether a link at its end is followed; if not, slashes behind it are kept in mind
   *     for {@link Spot#isFor}
   * @return to be closed; what it names need not be there
   * @throws AccessDeniedException if a link leads out
   */
  Spot find(String path, boolean follow) throws IOException {
    int length = path.length();
    while (!follow && length > 1 && path.charAt(length - 1) == '/') {
      length--;
    }
    try (Walk walk = new Walk(path.substring(0, length))) {
      Spot found = walk.go(follow);
      found.slashed = length < path.length();
      return found;
    }
  }

  // ---- links

  /** The target that a client wants a link to have, as the system is to have it. */
  Path target(String text) throws IOException {
    if (text.isEmpty()) {
      throw new NoSuchFileException(text);
    }
    Path target = Path.of(text);
    if (goesUp(target)) {
      throw new AccessDeniedException(
          text, null, "the target of a link must not go up by '..'; expected one without");
    }
    return target.isAbsolute() ? root.resolve(Path.of("/").relativize(target)) : target;
  }

  /** The target of a link, as clients know it. */
  String target(Spot link) throws IOException {
    Path target = Files.readSymbolicLink(link.named());
    return target.isAbsolute() && target.startsWith(root)
        ? "/" + root.relativize(target)
        : target.toString();
  }

  /**
   * Checks that the file at a spot may get another name. From its new place a link could lead out
   * other programs, which use the folder without this server.
   */
  void checkMove(String path, Spot from, Spot to) throws IOException {
    if (from.kind() != Folder.Kind.LINK) {
      return;
    }
    Path target = Files.readSymbolicLink(from.named());
    if (goesUp(target) && !from.isBeside(to)) {
      throw new AccessDeniedException(
          path, null, "a link with '..' cannot be moved to another folder");
    }
    try {
      find(path, true).close();
    } catch (NoSuchFileException | NotDirectoryException | FileSystemLoopException e) {
      // It leads nowhere, and so not out.
      return;
    }
  }

  /** Whether a path has {@code ..} in it: where that leads is up to the links before it. */
  private static boolean goesUp(Path path) {
    for (Path name : path) {
      if (name.toString().equals("..")) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() throws IOException {
    top.close();
  }
}
