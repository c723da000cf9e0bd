// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The attributes that a client wants a file to have: each of them or none. */
final class Attributes {
  private static final int SIZE = 0x1;
  private static final int OWNER = 0x2;
  private static final int PERMISSIONS = 0x4;
  private static final int TIMES = 0x8;
  private static final int EXTENDED = 0x8000_0000;
  private static final int ALL = SIZE | OWNER | PERMISSIONS | TIMES;

  private static final int TYPE = 0170000;
  private static final int FOLDER = 0040000;
  private static final int REGULAR = 0100000;
  private static final int ORDINARY = 0777;
  private static final int SPECIAL = 07000;
  private static final String WANTED =
      "unix:mode,size,uid,gid,nlink,lastAccessTime,lastModifiedTime";
  private static final String LETTERS = "?pc?d?b?-?l?s???";
  private static final int TYPE_SHIFT = 12;
  private static final int HALF_A_YEAR = 182;
  private static final DateTimeFormatter RECENT =
      DateTimeFormatter.ofPattern("MMM ppd HH:mm", Locale.ROOT);
  private static final DateTimeFormatter OLD =
      DateTimeFormatter.ofPattern("MMM ppd  yyyy", Locale.ROOT);

  private static final List<Set<StandardOpenOption>> WAY_TO_A_FOLDER =
      List.of(Set.of(StandardOpenOption.READ));
  private static final List<Set<StandardOpenOption>> WAYS_TO_A_FILE =
      List.of(
          Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE),
          Set.of(StandardOpenOption.READ),
          Set.of(StandardOpenOption.WRITE));

  private final @Nullable Long size;
  private final int @Nullable [] owner;
  private final @Nullable Integer permissions;
  private final FileTime @Nullable [] times;

  /** Reads them from a request. */
  Attributes(Incoming from) {
    int flags = from.number();
    this.size = (flags & SIZE) == 0 ? null : from.big();
    this.owner = (flags & OWNER) == 0 ? null : new int[] {from.number(), from.number()};
    this.permissions = (flags & PERMISSIONS) == 0 ? null : from.number();
    this.times = (flags & TIMES) == 0 ? null : new FileTime[] {time(from), time(from)};
    if ((flags & EXTENDED) != 0) {
      // None is known; they are read so that they are not taken for other data.
      long count = from.unsigned();
      for (long i = 0; i < count; i++) {
        from.data();
        from.data();
      }
    }
  }

  private static FileTime time(Incoming from) {
    return FileTime.from(from.unsigned(), TimeUnit.SECONDS);
  }

  // ---- what is told

  /** The attributes of a file as the system reports them. */
  static Map<String, Object> of(Path path, LinkOption... options) throws IOException {
    return Files.readAttributes(path, WANTED, options);
  }

  /** Whether they are of a regular file. */
  static boolean areOfFile(Map<String, Object> found) {
    return (number(found, "mode") & TYPE) == REGULAR;
  }

  /** Whether they are of a file that has no name any more. */
  static boolean areOfRemoved(Map<String, Object> found) {
    return number(found, "nlink") == 0;
  }

  private static boolean areOfFolder(Map<String, Object> found) {
    return (number(found, "mode") & TYPE) == FOLDER;
  }

  private static int number(Map<String, Object> found, String name) {
    return found.get(name) instanceof Integer number ? number : 0;
  }

  private static Instant time(Map<String, Object> found, String name) {
    return found.get(name) instanceof FileTime time ? time.toInstant() : Instant.EPOCH;
  }

  private static long size(Map<String, Object> found) {
    return found.get("size") instanceof Long size ? size : 0;
  }

  /** Adds them to an answer. */
  static void put(Map<String, Object> found, Outgoing to) {
    to.number(ALL)
        .big(size(found))
        .number(number(found, "uid"))
        .number(number(found, "gid"))
        .number(number(found, "mode"))
        .number((int) time(found, "lastAccessTime").getEpochSecond())
        .number((int) time(found, "lastModifiedTime").getEpochSecond());
  }

  /** A line as {@code ls -l} has it. */
  static String line(String name, Map<String, Object> found, String owner, String group) {
    int mode = number(found, "mode");
    String letters =
        LETTERS.charAt((mode & TYPE) >> TYPE_SHIFT) + PosixFilePermissions.toString(set(mode));
    ZonedDateTime changed = time(found, "lastModifiedTime").atZone(ZoneId.systemDefault());
    ZonedDateTime now = ZonedDateTime.now(ZoneId.systemDefault());
    boolean recent = changed.isBefore(now) && changed.isAfter(now.minusDays(HALF_A_YEAR));
    return String.format(
        Locale.ROOT,
        "%s %3d %-8s %-8s %8d %s %s",
        letters,
        number(found, "nlink"),
        owner,
        group,
        size(found),
        changed.format(recent ? RECENT : OLD),
        name);
  }

  private static Set<PosixFilePermission> set(int mode) {
    Set<PosixFilePermission> found = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] all = PosixFilePermission.values();
    for (int i = 0; i < all.length; i++) {
      if ((mode & (0400 >> i)) != 0) {
        found.add(all[i]);
      }
    }
    return found;
  }

  // ---- what is asked for

  /** For something new: its permissions, of which the system takes those away that it masks. */
  FileAttribute<?>[] ofNew() {
    return permissions == null
        ? new FileAttribute<?>[0]
        : new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(set(permissions))};
  }

  /** Gives them to what is at a path: a regular file or a folder, nothing else. */
  void give(Path path, LinkOption... options) throws IOException {
    Map<String, Object> present = of(path, options);
    if (!areOfFile(present) && !areOfFolder(present)) {
      throw new AccessDeniedException("", null, "only regular files and folders are changed");
    }
    giveAll(
        path,
        present,
        () -> {
          if (!areOfFile(present)) {
            throw new FileSystemException("", null, "only regular files have a size");
          }
          Set<OpenOption> how = new HashSet<>(List.of(options));
          how.add(StandardOpenOption.WRITE);
          try (FileChannel file = FileChannel.open(path, how)) {
            resize(file);
          }
        },
        options);
  }

  /** As {@link #give}, to what a client has opened. */
  void giveOpened(OpenHandle opened) throws IOException {
    OpenHandle.OfFile file = opened instanceof OpenHandle.OfFile of ? of : null;
    if (size != null && file == null) {
      throw new FileSystemException("", null, "Is a directory");
    }
    Path path = opened.path();
    giveAll(
        path,
        of(path),
        () -> {
          if (file == null || !file.isWritable()) {
            throw new FileSystemException("", null, "Invalid argument");
          }
          file.change(this::resize);
        });
  }

  /** What sets an attribute. */
  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  /** Tries a step; returns why it failed, or else why an earlier one did, if it did. */
  private static @Nullable IOException attempt(Step step, @Nullable IOException earlier) {
    try {
      step.run();
      return earlier;
    } catch (IOException e) {
      if (earlier != null) {
        e.addSuppressed(earlier);
      }
      return e;
    }
  }

  /** Sets each attribute that can be set, as OpenSSH does; reports the last one that cannot. */
  private void giveAll(Path path, Map<String, Object> present, Step resizing, LinkOption... options)
      throws IOException {
    IOException failed = size == null ? null : attempt(resizing, null);
    failed = attempt(() -> giveOthers(path, present, options), failed);
    if (failed != null) {
      throw failed;
    }
  }

  private void resize(FileChannel file) throws IOException {
    long wanted = size == null ? 0 : size;
    if (wanted < 0) {
      throw new FileSystemException("", null, "it is too large");
    }
    long before = file.size();
    if (wanted < before) {
      file.truncate(wanted);
    } else if (wanted > before) {
      file.write(ByteBuffer.wrap(new byte[1]), wanted - 1);
    }
  }

  private void giveOthers(Path path, Map<String, Object> present, LinkOption... options)
      throws IOException {
    if (options.length == 0 || (permissions == null && times == null)) {
      giveOthers(path, present);
      return;
    }
    // By what is open, because the JDK (25) follows a link when it changes a mode, whatever it is
    // told.
    try (SeekableByteChannel held = hold(path, areOfFile(present), options)) {
      Path opened = Numbers.path(held);
      Map<String, Object> found = of(opened);
      if (!areOfFile(found) && !areOfFolder(found)) {
        throw new AccessDeniedException("", null, "only regular files and folders are changed");
      }
      giveOthers(opened, found);
    }
  }

  /** For both first, if it is a file: a FIFO in its place would keep a thread that only reads. */
  private static SeekableByteChannel hold(Path path, boolean file, LinkOption... options)
      throws IOException {
    FileSystemException refused = null;
    for (Set<StandardOpenOption> way : file ? WAYS_TO_A_FILE : WAY_TO_A_FOLDER) {
      Set<OpenOption> how = new HashSet<>(way);
      how.addAll(List.of(options));
      try {
        return Files.newByteChannel(path, how);
      } catch (FileSystemException e) {
        refused = e;
      }
    }
    throw Objects.requireNonNull(refused);
  }

  private void giveOthers(Path path, Map<String, Object> present) throws IOException {
    IOException failed = null;
    FileTime[] wanted = times;
    // The JDK opens the file to set its times: the new mode may forbid that, or be the first to
    // allow it.
    IOException early = wanted == null ? null : attempt(() -> setTimes(path, wanted), null);
    if (permissions != null) {
      // No file may give other users the rights of the user that runs this; a folder keeps the
      // bit that it hands on.
      int kept = areOfFolder(present) ? number(present, "mode") & SPECIAL : 0;
      int mode = kept | (permissions & ORDINARY);
      failed = attempt(() -> Files.setAttribute(path, "unix:mode", mode), failed);
    }
    if (wanted != null && early != null) {
      failed = permissions == null ? early : attempt(() -> setTimes(path, wanted), failed);
    }
    if (owner != null
        && (owner[0] != number(present, "uid") || owner[1] != number(present, "gid"))) {
      failed =
          attempt(
              () -> {
                throw new AccessDeniedException(
                    "", null, "files stay with the user that runs this");
              },
              failed);
    }
    if (failed != null) {
      throw failed;
    }
  }

  private static void setTimes(Path path, FileTime[] wanted) throws IOException {
    Files.getFileAttributeView(path, BasicFileAttributeView.class)
        .setTimes(wanted[1], wanted[0], null);
  }

  // ---- names of users

  /** Names by number, each asked for once. For one thread at a time. */
  static final class Owners {
    private final Map<Integer, String> users = new TreeMap<>();
    private final Map<Integer, String> groups = new TreeMap<>();

    String user(Map<String, Object> found, Path path, LinkOption... options) {
      return users.computeIfAbsent(number(found, "uid"), id -> name(path, "owner", id, options));
    }

    String group(Map<String, Object> found, Path path, LinkOption... options) {
      return groups.computeIfAbsent(number(found, "gid"), id -> name(path, "group", id, options));
    }

    private static String name(Path path, String which, int id, LinkOption... options) {
      try {
        Map<String, Object> found = Files.readAttributes(path, "unix:" + which, options);
        return found.getOrDefault(which, Integer.toUnsignedString(id)).toString();
      } catch (IOException e) {
        // It is gone by now; the number does as well.
        return Integer.toUnsignedString(id);
      }
    }
  }
}
