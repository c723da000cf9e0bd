// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.error.AddressException;
import io.penstock.error.StorageException;
import io.penstock.error.StorageException.Kind;
import io.penstock.spi.content.Block;
import io.penstock.spi.content.Mark;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;
import org.jspecify.annotations.Nullable;

/**
 * The file of a pipe: records by the position of their first byte, marks by the number of their
 * stream, and a few numbers. Each record has its epoch and a checksum. Waits for the disk; for one
 * thread at a time.
 */
final class Store implements AutoCloseable {
  /** What a record has before its bytes: checksum, epoch. */
  static final int HEAD = 12;

  private static final long FORMAT = 1;

  /** What the library writes first are two of them, with a header each. */
  private static final int BLOCK = 4096;

  private static final String CLEAN = ",clean:1,";

  private static final int PAGE_CACHE_MIB = 1;
  private static final Path SELF = Path.of("/proc/self");

  /** The numbers that are kept. */
  enum Figure {
    FORMAT(0),
    EPOCH(1),
    COMMITTED(2),
    STREAM(3),
    END(4);

    private final long key;

    Figure(long key) {
      this.key = key;
    }
  }

  private final String shown;
  private final Claim claim;
  private final MVStore store;
  private final MVMap<Long, byte[]> records;
  private final MVMap<Long, byte[]> marks;
  private final MVMap<Long, Long> numbers;

  // Where the first record begins, once it was asked for: the library would read a page, with all
  // that is in it, to tell.
  private @Nullable Long first;
  private boolean firstKnown;

  // Whether there is no record behind the one that was appended last, and so never one again.
  private boolean nothingBehind;

  private Store(String shown, Claim claim, MVStore store) {
    this.shown = shown;
    this.claim = claim;
    this.store = store;
    this.records = store.openMap("records", bytes());
    this.marks = store.openMap("marks", bytes());
    this.numbers =
        store.openMap(
            "numbers",
            new MVMap.Builder<Long, Long>()
                .keyType(LongDataType.INSTANCE)
                .valueType(LongDataType.INSTANCE));
  }

  private static MVMap.Builder<Long, byte[]> bytes() {
    return new MVMap.Builder<Long, byte[]>()
        .keyType(LongDataType.INSTANCE)
        .valueType(ByteArrayDataType.INSTANCE);
  }

  // ---- opening

  /** Opens a file, and makes it if it is not there. */
  static Store open(Path path, String shown) throws IOException {
    Claim claim = new Claim(shown);
    try {
      claim.takePlace(path);
      make(path, shown);
      checkOwner(path, shown);
      claim.takeFile(path);
      return open(path, shown, claim);
    } catch (IOException | RuntimeException | Error e) {
      claim.close();
      throw e;
    }
  }

  private static Store open(Path path, String shown, Claim claim) throws IOException {
    MVStore opened;
    try {
      // No thread of its own: everything happens when it is asked for.
      MVStore.Builder how =
          new MVStore.Builder()
              .fileName(path.toString())
              .autoCommitDisabled()
              .cacheSize(PAGE_CACHE_MIB);
      // Otherwise the library follows links from its header, which may miss what was written last.
      opened = (isClean(path) ? how : how.recoveryMode()).open();
    } catch (MVStoreException e) {
      throw cannotOpen(path, shown, e);
    }
    try {
      opened.setVersionsToKeep(0);
      opened.setRetentionTime(Integer.MAX_VALUE);
      if (!opened.getMapNames().isEmpty() && !opened.hasMap("numbers")) {
        throw new AddressException(
            AddressException.Kind.INVALID, shown, "it is a database, and no durable pipe", null);
      }
      Store made = new Store(shown, claim, opened);
      made.begin();
      return made;
    } catch (MVStoreException e) {
      opened.closeImmediately();
      throw cannotOpen(path, shown, e);
    } catch (IOException | RuntimeException | Error e) {
      opened.closeImmediately();
      throw e;
    }
  }

  /** Only its owner may read it: it has what went through a pipe. */
  private static void make(Path path, String shown) throws IOException {
    try {
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        return;
      }
      if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
        Files.createFile(
            path,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      } else {
        Files.createFile(path);
      }
    } catch (FileAlreadyExistsException e) {
      // Another process has made it just now, and its lock says the rest.
      return;
    } catch (NoSuchFileException e) {
      throw new AddressException(
          AddressException.Kind.NOT_FOUND, shown, "there is no folder " + path.getParent(), e);
    } catch (AccessDeniedException e) {
      throw new AddressException(
          AddressException.Kind.ACCESS, shown, "the folder cannot be written to", e);
    }
  }

  /** Whether the file was closed as a whole, as both copies of its header say then. */
  private static boolean isClean(Path path) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(2 * BLOCK);
    try (SeekableByteChannel file = Files.newByteChannel(path)) {
      while (header.hasRemaining() && file.read(header) >= 0) {}
    } catch (AccessDeniedException e) {
      // Opening it says more.
      return false;
    }
    String text = new String(header.array(), StandardCharsets.ISO_8859_1);
    return text.substring(0, BLOCK).contains(CLEAN) && text.substring(BLOCK).contains(CLEAN);
  }

  private static void checkOwner(Path path, String shown) throws IOException {
    if (!Files.isRegularFile(path)) {
      throw new AddressException(
          AddressException.Kind.INVALID, shown, "it is not a regular file", null);
    }
    if (!FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
      return;
    }
    UserPrincipal owner = Files.getOwner(path);
    boolean known = Files.exists(SELF);
    String we = known ? Files.getOwner(SELF).getName() : System.getProperty("user.name", "");
    if (!owner.getName().equals(we)) {
      throw new AddressException(
          AddressException.Kind.ACCESS,
          shown,
          "the file belongs to " + owner.getName() + ", and this process is " + we,
          null);
    }
  }

  private static IOException cannotOpen(Path path, String shown, MVStoreException e)
      throws IOException {
    if (e.getErrorCode() == DataUtils.ERROR_FILE_LOCKED) {
      return new AddressException(
          AddressException.Kind.IN_USE,
          shown,
          "another process has it; only when that has let go can it be opened",
          e);
    }
    if (!Files.isReadable(path) || !Files.isWritable(path)) {
      return new AddressException(
          AddressException.Kind.ACCESS, shown, "the file cannot be read and written", e);
    }
    if (e.getErrorCode() == DataUtils.ERROR_FILE_CORRUPT
        || e.getErrorCode() == DataUtils.ERROR_UNSUPPORTED_FORMAT
        || Files.size(path) < 2 * BLOCK) {
      return new AddressException(
          AddressException.Kind.INVALID,
          shown,
          "it is no durable pipe, or so much of it is corrupt that nothing can be read: "
              + e.getMessage(),
          e);
    }
    return failed(shown, 0, e);
  }

  private void begin() throws IOException {
    Long format = numbers.get(Figure.FORMAT.key);
    if (format == null) {
      put(Figure.FORMAT, FORMAT);
    } else if (format != FORMAT) {
      throw new AddressException(
          AddressException.Kind.INVALID,
          shown,
          "it has format " + format + ", and this version reads " + FORMAT,
          null);
    }
  }

  // ---- errors

  /** What a failure of the library means. */
  static StorageException failed(String shown, long position, RuntimeException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
      if (text.contains("no space left")
          || text.contains("file too large")
          || text.contains("quota exceeded")
          || text.contains("not enough space")) {
        return new StorageException(
            Kind.FULL,
            shown,
            "there is no room on the disk; what was acknowledged, up to position "
                + position
                + ", is kept",
            position,
            e);
      }
    }
    boolean corrupt =
        e instanceof MVStoreException known && known.getErrorCode() == DataUtils.ERROR_FILE_CORRUPT;
    return new StorageException(
        corrupt ? Kind.CORRUPT : Kind.FAILED,
        shown,
        (corrupt ? "the file is corrupt: " : "the file cannot be used: ") + e.getMessage(),
        position,
        e);
  }

  // ---- what is in it

  long number(Figure which) {
    Long value = numbers.get(which.key);
    return value == null ? 0 : value;
  }

  void put(Figure which, long value) {
    Long unused = numbers.put(which.key, value);
  }

  SortedMap<Long, Mark> marks() throws StorageException {
    SortedMap<Long, Mark> all = new TreeMap<>();
    for (Map.Entry<Long, byte[]> each : marks.entrySet()) {
      Mark mark = Mark.decoded(each.getValue());
      if (mark == null) {
        throw new StorageException(
            Kind.CORRUPT, shown, "the end of stream " + each.getKey() + " is corrupt", 0, null);
      }
      all.put(each.getKey(), mark);
    }
    return all;
  }

  void put(long stream, Mark mark) {
    byte[] unused = marks.put(stream, mark.encoded());
  }

  void dropMarks(long before) {
    Long first = marks.firstKey();
    while (first != null && first < before) {
      byte[] unused = marks.remove(first);
      first = marks.firstKey();
    }
  }

  /** Where the first record begins; null if there is none. */
  @Nullable Long oldest() {
    if (!firstKnown) {
      first = records.firstKey();
      firstKnown = true;
    }
    return first;
  }

  void append(Block block, long epoch) {
    byte[] all = new byte[HEAD + block.length()];
    ByteBuffer head = ByteBuffer.wrap(all);
    head.putInt(0).putLong(epoch);
    block.copy(0, head, block.length());
    head.putInt(0, crc(block.position(), all));
    boolean only = oldest() == null;
    byte[] unused = records.put(block.position(), all);
    if (only) {
      first = block.position();
    }
    replace(block);
  }

  /**
   * Removes what a process has left in a record's place: when it is killed within a large batch,
   * there may be records behind its end. A read that begins within this one would find them.
   */
  private void replace(Block block) {
    Long behind = nothingBehind ? null : records.higherKey(block.position());
    while (behind != null && behind < block.end()) {
      byte[] unused = records.remove(behind);
      behind = records.higherKey(block.position());
    }
    nothingBehind = behind == null;
  }

  private static int crc(long position, byte[] all) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(8).putLong(0, position));
    crc.update(all, 4, all.length - 4);
    return (int) crc.getValue();
  }

  /** Removes the records that end at a position or before. */
  void dropRecords(long upTo) {
    Long key = oldest();
    if (key == null || key >= upTo) {
      return;
    }
    // Reads each page once, where a search for each key would read it for each record in it.
    Cursor<Long, byte[]> rest = records.cursor(key + 1);
    long end = number(Figure.END);
    while (key != null) {
      Long next = rest.hasNext() ? rest.next() : null;
      if ((next == null ? end : Math.min(next, end)) > upTo) {
        break;
      }
      byte[] unused = records.remove(key);
      key = next;
    }
    first = key;
  }

  /**
   * Reads records.
   *
   * @param position in the first one
   * @param upTo no record behind it is wanted
   * @param most how many bytes suffice
   * @return at least one; fewer than asked for if one of the later ones is corrupt
   * @throws StorageException if the first one is corrupt, or there is none
   */
  List<Block> load(long position, long upTo, int most) throws StorageException {
    List<Block> all = new ArrayList<>();
    long at = position;
    long bytes = 0;
    Long key = records.floorKey(position);
    Cursor<Long, byte[]> from = records.cursor(key == null ? position : key);
    while (at < upTo && bytes < most) {
      key = from.hasNext() ? from.next() : null;
      Block block = key == null ? null : intact(key, from.getValue());
      // Each begins where the one before ends.
      if (block == null
          || block.end() <= at
          || (all.isEmpty() ? block.position() > at : block.position() != at)) {
        if (all.isEmpty()) {
          throw corrupt(key, at);
        }
        return all;
      }
      all.add(block);
      bytes += block.weight();
      at = block.end();
    }
    return all;
  }

  private static @Nullable Block intact(long position, byte @Nullable [] all) {
    return all != null && all.length > HEAD && ByteBuffer.wrap(all).getInt() == crc(position, all)
        ? new Block(position, all, HEAD, all.length - HEAD)
        : null;
  }

  private StorageException corrupt(@Nullable Long key, long at) {
    long from = key == null ? at : Math.min(key, at);
    Long next = records.higherKey(from);
    return new StorageException(
        Kind.CORRUPT,
        shown,
        "the record at position "
            + from
            + " is corrupt"
            + (next == null || next >= number(Figure.END)
                ? ""
                : "; the next one is at position " + next),
        from,
        null);
  }

  // ---- the disk

  /**
   * Writes all changes.
   *
   * @param waits whether to wait until they are on the disk
   */
  void save(boolean waits) {
    long unused = store.commit();
    if (waits) {
      store.sync();
    }
  }

  /**
   * Uses the space again that nothing needs; not before what was dropped there is on the disk. By
   * itself the library would do so at its next commit.
   */
  void reuse() {
    store.setRetentionTime(0);
    store.getFileStore().dropUnusedChunks();
    store.setRetentionTime(Integer.MAX_VALUE);
  }

  /** Lets the file go without writing. */
  void abandon() {
    try (claim) {
      claim.leaveFile();
      store.closeImmediately();
    }
  }

  @Override
  public void close() {
    // Compacting would make the owner wait.
    try (claim) {
      claim.leaveFile();
      store.close(0);
    }
  }
}
