// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.ProgramRequest;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** The server, told message by message what a client might say. */
class SftpServerTest extends SftpMessages {
  @Case(seconds = 60)
  void whatIsWrittenIsRead() throws Exception {
    byte[] data = new byte[255 * 1024];
    new Random(3).nextBytes(data);
    try (Client client = new Client(served, "")) {
      byte[] handle = client.open("new", CREATING);
      assertEquals(OK, client.status(WRITE, handle, 0L, data));
      assertEquals(OK, client.status(CLOSE, (Object) handle));
      assertArrayEquals(data, Files.readAllBytes(served.resolve("new")));
      byte[] again = client.open("/new", FOR_READING);
      assertArrayEquals(data, bytes(client.ask(DATA, READ, again, 0L, data.length)));
    }
  }

  @Case(seconds = 60)
  void whatWasAskedForBeforeACloseIsDone() throws Exception {
    byte[] data = new byte[200 * 1024];
    new Random(9).nextBytes(data);
    try (Client client = new Client(served, "")) {
      byte[] handle = client.open("last", CREATING);
      client.send(WRITE, 99, handle, 0L, data);
      client.channel.close();
      client.channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertArrayEquals(data, Files.readAllBytes(served.resolve("last")));
    }
  }

  @Test
  void onlyWhatCanBeHadIsOffered() throws Exception {
    try (Client client = new Client(served, "")) {
      assertEquals(UNSUPPORTED, client.status(EXTENDED, "copy-file", "file", "other", 0));
      assertEquals(UNSUPPORTED, client.status(EXTENDED, "md5-hash", "file", 0L, 0L));
      assertEquals(OK, client.status(EXTENDED, "posix-rename@openssh.com", "file", "other"));
      assertTrue(Files.exists(served.resolve("other")));
      ByteBuffer limits = client.ask(201, EXTENDED, "limits@openssh.com");
      assertEquals(256 * 1024, limits.getLong());
      assertEquals(255 * 1024, limits.getLong());
      assertEquals(255 * 1024, limits.getLong());
      assertEquals(1000, limits.getLong());
    }
  }

  @Test
  void readOnlyServerChangesNothing() throws Exception {
    Files.createDirectory(served.resolve("empty"));
    Files.setPosixFilePermissions(
        served.resolve("file"), PosixFilePermissions.fromString("rw-r-----"));
    try (Client client = new Client(served, "?read-only=true")) {
      byte[] handle = client.open("file", FOR_READING);
      assertEquals(
          "content",
          new String(bytes(client.ask(DATA, READ, handle, 0L, 99)), StandardCharsets.UTF_8));
      for (int flags : new int[] {CREATING, 2, 1 | 2, 1 | 8, 1 | 8 | 16, 1 | 4}) {
        assertEquals(DENIED, client.status(OPEN, "file", flags, 0), "opened with " + flags);
      }
      assertEquals(DENIED, client.status(WRITE, handle, 0L, "x"));
      assertEquals(DENIED, client.status(SETSTAT, "file", 4, 0777));
      assertEquals(DENIED, client.status(FSETSTAT, handle, 4, 0777));
      assertEquals(DENIED, client.status(REMOVE, "file"));
      assertEquals(DENIED, client.status(MKDIR, "folder", 0));
      assertEquals(DENIED, client.status(RMDIR, "empty"));
      assertEquals(DENIED, client.status(RENAME, "file", "other"));
      assertEquals(DENIED, client.status(SYMLINK, "file", "link"));
      assertEquals(DENIED, client.status(21, "link", "file", 0));
      assertEquals(DENIED, client.status(EXTENDED, "posix-rename@openssh.com", "file", "other"));
      assertEquals(DENIED, client.status(EXTENDED, "hardlink@openssh.com", "file", "other"));
      client.ask(NAME, REALPATH, ".");
      client.ask(HANDLE, OPENDIR, ".");
    }
    assertEquals("content", Files.readString(served.resolve("file")));
    assertEquals(
        "rw-r-----",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(served.resolve("file"))));
    try (var left = Files.list(served)) {
      assertEquals(2, left.count());
    }
  }

  @Test
  void nothingLeadsOutOfTheFolder() throws Exception {
    Files.createSymbolicLink(served.resolve("out"), outside);
    Files.createSymbolicLink(served.resolve("dangling"), outside.resolve("new"));
    Files.createDirectories(served.resolve("a/b"));
    try (Client client = new Client(served, "")) {
      for (String each : List.of("out/secret", "/out/secret", "a/../out/secret", "out")) {
        assertEquals(DENIED, client.status(STAT, each), each);
      }
      assertEquals(DENIED, client.status(OPEN, "out/secret", FOR_READING, 0));
      assertEquals(DENIED, client.status(OPEN, "out/new", CREATING, 0));
      assertEquals(DENIED, client.status(OPENDIR, "out"));
      assertEquals(DENIED, client.status(MKDIR, "out/folder", 0));
      assertEquals(DENIED, client.status(LSTAT, "out/secret"));
      assertEquals(DENIED, client.status(REMOVE, "out/secret"));
      assertEquals(DENIED, client.status(RENAME, "out/secret", "mine"));
      assertEquals(DENIED, client.status(RENAME, "file", "out/file"));
      assertEquals(DENIED, client.status(EXTENDED, "hardlink@openssh.com", "out/secret", "mine"));
      assertEquals(DENIED, client.status(OPEN, "dangling", CREATING, 0));
      assertEquals(NO_SUCH_FILE, client.status(STAT, "../outside/secret"));
      assertEquals(NO_SUCH_FILE, client.status(STAT, outside.resolve("secret").toString()));
      assertTrue(client.status(SYMLINK, "../outside", "mine") != OK, "it leads out");
      assertTrue(client.status(SYMLINK, "a/../../outside", "mine") != OK, "it leads out");
      assertEquals(OK, client.status(SYMLINK, "file", "inside"));
      byte[] handle = client.open("inside", FOR_READING);
      assertEquals(7, bytes(client.ask(DATA, READ, handle, 0L, 99)).length);
      // The links themselves may be looked at and removed.
      client.ask(ATTRS, LSTAT, "out");
      client.ask(NAME, READLINK, "out");
      assertEquals(OK, client.status(REMOVE, "out"));
      assertEquals(OK, client.status(REMOVE, "dangling"));
    }
    assertEquals("secret", Files.readString(outside.resolve("secret")));
    try (var left = Files.list(outside)) {
      assertEquals(1, left.count());
    }
  }

  @Test
  void clientMakesNoLinkThatCouldLeadOut() throws Exception {
    Files.createDirectories(served.resolve("a/b"));
    Files.createSymbolicLink(served.resolve("a/b/up"), Path.of("../../file"));
    Files.createSymbolicLink(served.resolve("out"), outside);
    Files.createSymbolicLink(served.resolve("nowhere"), outside.resolve("nowhere"));
    try (Client client = new Client(served, "")) {
      assertEquals(OK, client.status(SYMLINK, "/", "s"));
      // The system goes up from where a link leads to.
      assertEquals(DENIED, client.status(SYMLINK, "s/s/../../outside/secret", "mine"));
      assertEquals(DENIED, client.status(SYMLINK, "/s/s/../../outside/secret", "mine"));
      assertEquals(DENIED, client.status(SYMLINK, "a/..", "mine"));
      // What goes up leads elsewhere from elsewhere.
      assertEquals(DENIED, client.status(RENAME, "a/b/up", "up"));
      String rename = "posix-rename@openssh.com";
      assertEquals(DENIED, client.status(EXTENDED, rename, "a/b/up", "up"));
      assertEquals(DENIED, client.status(EXTENDED, "hardlink@openssh.com", "a/b/up", "up"));
      assertEquals(OK, client.status(RENAME, "a/b/up", "a/b/still"));
      // Nor does one of others get to where it is not expected.
      assertEquals(DENIED, client.status(RENAME, "out", "in"));
      assertEquals(DENIED, client.status(RENAME, "nowhere", "in"));
      assertEquals(OK, client.status(SYMLINK, "/file", "down"));
      assertEquals(OK, client.status(SYMLINK, "not/yet", "dangling"));
      assertEquals(OK, client.status(RENAME, "down", "a/down"));
      assertEquals(OK, client.status(RENAME, "dangling", "a/dangling"));
      assertEquals(7, bytes(client.ask(DATA, READ, client.open("a/down", 1), 0L, 99)).length);
    }
    assertFalse(Files.exists(served.resolve("mine"), LinkOption.NOFOLLOW_LINKS));
    assertFalse(Files.exists(served.resolve("up"), LinkOption.NOFOLLOW_LINKS));
    assertFalse(Files.exists(served.resolve("in"), LinkOption.NOFOLLOW_LINKS));
  }

  /** What a client could do with one session and a link of his own. */
  @Test
  void handleIsOfWhatWasOpened() throws Exception {
    Path secret = outside.resolve("secret");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r-----"));
    FileTime before = Files.getLastModifiedTime(secret);
    try (Client client = new Client(served, "")) {
      byte[] handle = client.open("f", CREATING);
      assertEquals(OK, client.status(WRITE, handle, 0L, "mine"));
      assertEquals(4, size(client.ask(ATTRS, FSTAT, (Object) handle)));
      Path opened = Files.move(served.resolve("f"), served.resolve("opened"));
      Files.createSymbolicLink(served.resolve("f"), secret);
      assertEquals(4, size(client.ask(ATTRS, FSTAT, (Object) handle)));
      assertEquals(OK, client.status(FSETSTAT, handle, 4, 0640));
      assertEquals(OK, client.status(FSETSTAT, handle, 8, 1, 1));
      assertEquals(FileTime.fromMillis(1000), Files.getLastModifiedTime(opened));
      assertEquals(OK, client.status(FSETSTAT, handle, 1, 1L));
      assertEquals("m", Files.readString(opened));
      // Another file of the folder is another file, too.
      Files.delete(served.resolve("f"));
      Files.writeString(served.resolve("f"), "other");
      assertEquals(1, size(client.ask(ATTRS, FSTAT, (Object) handle)));
      assertEquals(OK, client.status(FSETSTAT, handle, 4, 0600));
      assertEquals(
          "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(opened)));
      // And what has come back is what it was.
      Files.move(opened, served.resolve("f"), StandardCopyOption.REPLACE_EXISTING);
      assertEquals(1, size(client.ask(ATTRS, FSTAT, (Object) handle)));
      assertEquals(OK, client.status(FSETSTAT, handle, 4, 0600));
    }
    assertEquals("secret", Files.readString(secret));
    assertEquals(before, Files.getLastModifiedTime(secret));
    assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)));
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(served.resolve("f"))));
  }

  @Test
  void listTellsNothingOfWhereLinksLead() throws Exception {
    Path list = Files.createDirectory(served.resolve("list"));
    Files.writeString(outside.resolve("twin"), "x".repeat(4711));
    Files.writeString(outside.resolve("link"), "x");
    Files.createSymbolicLink(list.resolve("link"), outside.resolve("twin"));
    Files.writeString(list.resolve("twin"), "y");
    try (Client client = new Client(served, "")) {
      byte[] handle = bytes(client.ask(HANDLE, OPENDIR, "list"));
      Map<String, Long> sizes = names(client.ask(NAME, READDIR, (Object) handle));
      assertEquals(1L, sizes.get("twin"));
      assertEquals((long) outside.resolve("twin").toString().length(), sizes.get("link"));
      // One that took the place of what was opened.
      byte[] again = bytes(client.ask(HANDLE, OPENDIR, "list"));
      Files.move(list, served.resolve("moved"));
      Files.createSymbolicLink(list, outside);
      Map<String, Long> opened = names(client.ask(NAME, READDIR, (Object) again));
      assertEquals(1L, opened.get("twin"));
      assertEquals(4, opened.size());
      client.ask(ATTRS, FSTAT, (Object) again);
      assertEquals(OK, client.status(FSETSTAT, again, 4, 0700));
      assertEquals(
          "rwx------",
          PosixFilePermissions.toString(Files.getPosixFilePermissions(served.resolve("moved"))));
    }
  }

  @Case(seconds = 60)
  void linkThatComesMeanwhileIsNotFollowed() throws Exception {
    Path place = Files.createDirectory(served.resolve("place"));
    Files.writeString(place.resolve("secret"), "mine");
    Path link = Files.createSymbolicLink(served.resolve("link"), outside);
    Path aside = served.resolve("aside");
    AtomicBoolean over = new AtomicBoolean();
    CompletableFuture<Void> swapping =
        CompletableFuture.runAsync(
            () -> {
              try {
                while (!over.get()) {
                  Files.move(place, aside, StandardCopyOption.ATOMIC_MOVE);
                  Files.move(link, place, StandardCopyOption.ATOMIC_MOVE);
                  Files.move(place, link, StandardCopyOption.ATOMIC_MOVE);
                  Files.move(aside, place, StandardCopyOption.ATOMIC_MOVE);
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    int opened = 0;
    try (Client client = new Client(served, "")) {
      for (int i = 0; i < 5000; i++) {
        client.send(OPEN, i, "place/secret", FOR_READING, 0);
        ByteBuffer answer = client.receive();
        if (answer.get() == HANDLE) {
          opened++;
          assertEquals(i, answer.getInt());
          byte[] handle = bytes(answer);
          byte[] read = bytes(client.ask(DATA, READ, handle, 0L, 99));
          assertEquals("mine", new String(read, StandardCharsets.UTF_8));
          assertEquals(OK, client.status(CLOSE, (Object) handle));
        }
      }
    } finally {
      over.set(true);
      swapping.get(20, TimeUnit.SECONDS);
    }
    assertTrue(opened > 0, "it was never there");
  }

  @Test
  void onlyTheSubsystemIsServed() throws Exception {
    Endpoint server = Endpoint.parse("sftp-server:" + served);
    Map<ProgramRequest.Kind, String> refused =
        Map.of(
            ProgramRequest.Kind.COMMAND, "sftp",
            ProgramRequest.Kind.SHELL, "",
            ProgramRequest.Kind.SUBSYSTEM, "netconf");
    refused.forEach(
        (kind, text) -> {
          IOException failed =
              assertThrows(
                  IOException.class,
                  () -> penstock().channels().open(server, asked(kind, text), SOON));
          assertTrue(failed.getMessage().contains("subsystem sftp"), failed.getMessage());
        });
    penstock()
        .channels()
        .open(server, asked(ProgramRequest.Kind.SUBSYSTEM, "sftp"), SOON)
        .abort(new IOException("the test is over"));
  }

  private static ChannelOptions asked(ProgramRequest.Kind kind, String text) {
    return ChannelOptions.defaults()
        .withProgram(ProgramRequest.of(kind, text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Root may do it in any order; for others, the times need a mode that lets them read. */
  @Test
  void timesAreSetWithAModeThatForbidsOrAllowsReading() throws Exception {
    Path file = served.resolve("file");
    try (Client client = new Client(served, "")) {
      assertEquals(OK, client.status(SETSTAT, "file", 4 | 8, 0200, 1, 1));
      assertEquals(FileTime.fromMillis(1000), Files.getLastModifiedTime(file));
      assertEquals("-w-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
      assertEquals(OK, client.status(SETSTAT, "file", 4 | 8, 0600, 2, 2));
      assertEquals(FileTime.fromMillis(2000), Files.getLastModifiedTime(file));
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
      // The owner stays, which keeps nothing else from being changed.
      assertEquals(DENIED, client.status(SETSTAT, "file", 2 | 4 | 8, 4711, 4711, 0640, 3, 3));
      assertEquals(FileTime.fromMillis(3000), Files.getLastModifiedTime(file));
    }
  }

  /** Without a word on reading or writing, as some clients make an empty file. */
  @Test
  void whatWasOnlyMadeOrEmptiedIsRead() throws Exception {
    try (Client client = new Client(served, "")) {
      for (byte[] handle : List.of(client.open("new", 8), client.open("file", 16))) {
        assertEquals(1, client.status(READ, handle, 0L, 99), "the end of the file");
        assertEquals(NO_SUCH_FILE, client.status(WRITE, handle, 0L, "x"), "as for reading only");
      }
      assertEquals(0, size(client.ask(ATTRS, STAT, "new")));
      assertEquals(0, size(client.ask(ATTRS, STAT, "file")));
    }
  }

  @Test
  void messageThatIsTooLongEndsTheServer() throws Exception {
    try (Client client = new Client(served, "")) {
      ByteBuffer length = ByteBuffer.allocate(4).putInt(256 * 1024 + 1).flip();
      client.channel.sink().writeFully(length, SOON);
      IOException failed = assertThrows(IOException.class, client::receive);
      assertTrue(failed.getMessage().contains("262145"), failed.getMessage());
      ExecutionException gone =
          assertThrows(
              ExecutionException.class,
              () -> client.channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS));
      assertTrue(gone.getCause() instanceof IOException, gone.toString());
    }
  }

  @Test
  void whatWasNotServedIsToldByFlush() throws Exception {
    try (Client client = new Client(served, "")) {
      ByteBuffer length = ByteBuffer.allocate(9).putInt(256 * 1024 + 1).clear();
      client.channel.sink().writeFully(length, SOON);
      assertThrows(IOException.class, client::receive);
      BrokenPipeException dropped =
          assertThrows(BrokenPipeException.class, () -> client.channel.sink().flush(SOON));
      assertEquals(9, dropped.count());
    }
  }

  @Test
  void messageThatCannotBeReadEndsTheServer() throws Exception {
    try (Client client = new Client(served, "")) {
      // A name of which only the length is there.
      client.send(OPEN, 7, 1000);
      assertThrows(IOException.class, client::receive);
    }
  }

  @Test
  void endOfTheClientEndsTheServerAndItsFiles() throws Exception {
    try (Client client = new Client(served, "")) {
      client.open("file", FOR_READING);
      assertEquals(1, opened(served.resolve("file")));
      client.channel.sink().end();
      assertEquals(0, client.channel.source().readAll(99, SOON).remaining());
      client.channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertEquals(0, opened(served.resolve("file")));
    }
  }

  /** How many descriptors of this process are of a file. */
  private static long opened(Path file) throws IOException {
    Path real = file.toRealPath();
    long found = 0;
    try (var all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path each : all) {
        if (Files.isSymbolicLink(each) && Files.readSymbolicLink(each).equals(real)) {
          found++;
        }
      }
    }
    return found;
  }

  @Case(seconds = 60)
  void whoDoesNotReadIsServedNoFurther() throws Exception {
    byte[] data = new byte[4 << 20];
    new Random(5).nextBytes(data);
    Files.write(served.resolve("big"), data);
    try (Client client = new Client(served, "")) {
      byte[] handle = client.open("big", FOR_READING);
      int piece = 64 * 1024;
      int asked = data.length / piece;
      for (int i = 0; i < asked; i++) {
        client.send(READ, i, handle, (long) i * piece, piece);
      }
      ByteBuffer all = ByteBuffer.allocate(data.length);
      for (int i = 0; i < asked; i++) {
        assertTrue(client.channel.source().available() < 1 << 20, "all of it was prepared");
        ByteBuffer answer = client.receive();
        assertEquals(DATA, answer.get());
        assertEquals(i, answer.getInt());
        all.put(bytes(answer));
      }
      assertArrayEquals(data, all.array());
    }
  }

  /** Each of these was a way out: a link to the folder itself, and up from there. */
  @Test
  void nothingLeadsOutByALinkAndUp() throws Exception {
    Files.createDirectory(served.resolve("sub"));
    Path key = Files.writeString(folder.resolve("keys"), "key");
    try (Client client = new Client(served, "")) {
      for (String target : List.of(".", "/", "sub")) {
        String link = "l" + (target.equals("sub") ? "s/.." : target.length() + target.hashCode());
        assertEquals(OK, client.status(SYMLINK, target, link.replace("/..", "")));
        String up = link + "/..";
        for (String hard : List.of("hardlink@openssh.com", "posix-rename@openssh.com")) {
          assertEquals(NO_SUCH_FILE, client.status(EXTENDED, hard, up + "/keys", "k"));
          assertEquals(NO_SUCH_FILE, client.status(EXTENDED, hard, up + "/outside/secret", "k"));
        }
        assertEquals(NO_SUCH_FILE, client.status(RENAME, up + "/keys", "k"));
        assertEquals(NO_SUCH_FILE, client.status(STAT, up + "/keys"));
        assertEquals(NO_SUCH_FILE, client.status(OPEN, up + "/outside/secret", FOR_READING, 0));
        assertEquals(NO_SUCH_FILE, client.status(REMOVE, up + "/keys"));
        assertEquals(NO_SUCH_FILE, client.status(SETSTAT, up + "/keys", 4, 0777));
      }
    }
    assertEquals("key", Files.readString(key));
    assertFalse(Files.exists(served.resolve("k")));
  }

  @Test
  void linksInsideAreFollowed() throws Exception {
    Files.createDirectories(served.resolve("a/b"));
    Files.writeString(served.resolve("a/near"), "near");
    Files.createSymbolicLink(served.resolve("deep"), Path.of("a/b"));
    Files.createSymbolicLink(served.resolve("a/b/up"), Path.of("../../file"));
    Files.createSymbolicLink(served.resolve("whole"), served.toRealPath().resolve("a"));
    Files.createSymbolicLink(served.resolve("round"), Path.of("round"));
    Files.createSymbolicLink(served.resolve("over"), Path.of("a/../../served/file"));
    Files.createSymbolicLink(served.resolve("later"), Path.of("a/b/new"));
    try (Client client = new Client(served, "")) {
      for (String each : List.of("a/b/up", "deep/up", "whole/b/up", "deep/../../file", "/./file")) {
        byte[] handle = client.open(each, FOR_READING);
        assertEquals(7, bytes(client.ask(DATA, READ, handle, 0L, 99)).length, each);
      }
      // Up is up from where a link leads.
      byte[] handle = client.open("deep/../near", FOR_READING);
      assertEquals(4, bytes(client.ask(DATA, READ, handle, 0L, 99)).length);
      assertEquals("/a/near", name(client.ask(NAME, REALPATH, "whole/b/../near")));
      assertEquals("/a/b", name(client.ask(NAME, REALPATH, "deep/")));
      assertEquals("/", name(client.ask(NAME, REALPATH, "../../..")));
      assertEquals("/a", name(client.ask(NAME, READLINK, "whole")));
      assertEquals(NO_SUCH_FILE, client.status(STAT, "round"));
      assertEquals(NO_SUCH_FILE, client.status(STAT, "file/"));
      assertEquals(DENIED, client.status(STAT, "over"));
      client.open("later", CREATING);
      assertTrue(Files.isRegularFile(served.resolve("a/b/new")));
    }
  }

  @Test
  void folderThatIsMovedIsStillServed() throws Exception {
    try (Client client = new Client(served, "")) {
      Path moved = Files.move(served, folder.resolve("moved"));
      Files.createDirectory(served);
      Files.writeString(served.resolve("file"), "another");
      byte[] handle = client.open("file", FOR_READING);
      assertEquals(
          "content",
          new String(bytes(client.ask(DATA, READ, handle, 0L, 99)), StandardCharsets.UTF_8));
      assertEquals(OK, client.status(MKDIR, "below", 0));
      assertEquals(OK, client.status(REMOVE, "file"));
      assertTrue(Files.isDirectory(moved.resolve("below")));
      assertEquals("another", Files.readString(served.resolve("file")));
    }
  }

  @Case(seconds = 60)
  void fifoIsNotOpened() throws Exception {
    SftpPeer.run(List.of("mkfifo", served.resolve("fifo").toString()), "");
    Files.createSymbolicLink(served.resolve("link"), Path.of("fifo"));
    try (Client client = new Client(served, "")) {
      for (String each : List.of("fifo", "link")) {
        for (int flags : new int[] {FOR_READING, 2, 3, CREATING, CREATING | 16}) {
          assertEquals(DENIED, client.status(OPEN, each, flags, 0), each + " by " + flags);
        }
        assertEquals(DENIED, client.status(SETSTAT, each, 4, 0777));
        assertEquals(NO_SUCH_FILE, client.status(OPENDIR, each));
        assertEquals(NO_SUCH_FILE, client.status(STAT, each + "/x"));
        client.ask(ATTRS, STAT, each);
      }
      assertEquals(OK, client.status(REMOVE, "fifo"));
    }
  }

  @Test
  void namesThatCannotBeAreRefused() throws Exception {
    try (Client client = new Client(served, "")) {
      byte[] notText = {(byte) 0xFF, (byte) 0xFE};
      for (Object each :
          List.of("a\0b", notText, "x".repeat(300), "x".repeat(5000), "d/".repeat(5000), "")) {
        for (int type : new int[] {STAT, LSTAT, OPENDIR, REMOVE, RMDIR, READLINK}) {
          assertTrue(client.status(type, each) != OK);
        }
        assertTrue(client.status(OPEN, each, CREATING, 0) != OK);
        assertTrue(client.status(MKDIR, each, 0) != OK);
        assertTrue(client.status(SYMLINK, "file", each) != OK);
        assertTrue(client.status(RENAME, "file", each) != OK);
      }
      client.ask(ATTRS, STAT, "file");
    }
  }

  @Test
  void folderHasToBeThere() {
    AddressException missing =
        assertThrows(AddressException.class, () -> new Client(folder.resolve("none"), ""));
    assertEquals(AddressException.Kind.NOT_FOUND, missing.kind());
    AddressException file =
        assertThrows(AddressException.class, () -> new Client(served.resolve("file"), ""));
    assertEquals(AddressException.Kind.INVALID, file.kind());
    IllegalArgumentException option =
        assertThrows(
            IllegalArgumentException.class, () -> new Client(served, "?read-only=perhaps"));
    assertTrue(option.getMessage().contains("read-only"), option.getMessage());
    assertFalse(Files.exists(folder.resolve("none")));
  }
}
