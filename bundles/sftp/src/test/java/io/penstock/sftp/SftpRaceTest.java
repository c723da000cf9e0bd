// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;

/** Folders and files become links to what is outside, and folders again, while requests run. */
class SftpRaceTest extends SftpMessages {
  private static final long SECONDS = 3;
  private static final String SECRET = "SECRET";
  private static final int SECRET_SIZE = 4711;
  private static final String RENAME_OVER = "posix-rename@openssh.com";
  private static final String HARD_LINK = "hardlink@openssh.com";

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  private void makeThings() throws IOException {
    Files.writeString(outside.resolve("f"), SECRET + "x".repeat(SECRET_SIZE - SECRET.length()));
    Files.createSymbolicLink(outside.resolve("lnk"), Path.of(SECRET));
    Files.createDirectory(outside.resolve("d"));
    Files.createDirectory(outside.resolve("m"));
    Files.writeString(outside.resolve("n"), SECRET);
    Files.writeString(outside.resolve("s"), SECRET);
    Files.writeString(outside.resolve("only" + SECRET), "");
    Path place = Files.createDirectory(served.resolve("place"));
    Files.writeString(place.resolve("f"), "mine");
    Files.createSymbolicLink(place.resolve("lnk"), Path.of("f"));
    Files.createDirectory(place.resolve("d"));
    Files.writeString(served.resolve("g"), "mine");
    Files.createSymbolicLink(served.resolve("way"), Path.of("place"));
  }

  /** What is outside, with all that a request could change. */
  private Map<String, String> snapshot() throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (var all = Files.walk(outside)) {
      for (Path each : all.toList()) {
        Map<String, Object> is =
            Files.readAttributes(
                each, "unix:ino,mode,size,nlink,lastModifiedTime,ctime", LinkOption.NOFOLLOW_LINKS);
        found.put(each.toString(), new TreeMap<>(is).toString());
      }
    }
    return found;
  }

  private static void exchange(Path real, Path link, Path aside) throws IOException {
    Files.move(real, aside, StandardCopyOption.ATOMIC_MOVE);
    Files.move(link, real, StandardCopyOption.ATOMIC_MOVE);
    Files.move(real, link, StandardCopyOption.ATOMIC_MOVE);
    Files.move(aside, real, StandardCopyOption.ATOMIC_MOVE);
  }

  private CompletableFuture<Long> swap(Path real, Path link, AtomicBoolean over) {
    return CompletableFuture.supplyAsync(
        () -> {
          long rounds = 0;
          try {
            while (!over.get()) {
              exchange(real, link, folder.resolve(real.getFileName() + "-aside"));
              rounds++;
            }
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          return rounds;
        },
        threads);
  }

  @Case(seconds = 60)
  void nothingOutsideIsReadOrChanged() throws Exception {
    makeThings();
    Path toFolder = Files.createSymbolicLink(folder.resolve("toFolder"), outside);
    Path toFile = Files.createSymbolicLink(folder.resolve("toFile"), outside.resolve("f"));
    Map<String, String> before = snapshot();
    AtomicBoolean over = new AtomicBoolean();
    CompletableFuture<Long> folders = swap(served.resolve("place"), toFolder, over);
    CompletableFuture<Long> files = swap(served.resolve("g"), toFile, over);
    int[] answers = new int[256];
    int reads = 0;
    try (Client client = new Client(served, "")) {
      Random random = new Random(7);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
      while (System.nanoTime() < end) {
        String in = random.nextInt(4) == 0 ? "way/" : "place/";
        Object[] request = request(in, random);
        int type = (Integer) request[0];
        Object[] parts = Arrays.copyOfRange(request, 1, request.length);
        ByteBuffer answer = client.any(type, parts);
        int kind = check(answer, type, parts);
        answers[kind]++;
        if (kind == HANDLE) {
          answer.position(5);
          byte[] handle = bytes(answer);
          boolean listed = type == OPENDIR;
          reads++;
          if (listed) {
            check(client.any(READDIR, handle), READDIR, parts);
          } else {
            check(client.any(READ, handle, 0L, 99), READ, parts);
            check(client.any(FSETSTAT, handle, 4, 0600), FSETSTAT, parts);
          }
          check(client.any(FSTAT, (Object) handle), FSTAT, parts);
          assertEquals(OK, client.status(CLOSE, (Object) handle));
        }
      }
    } finally {
      over.set(true);
    }
    assertTrue(folders.get(20, TimeUnit.SECONDS) > 10, "hardly anything was swapped");
    assertTrue(files.get(20, TimeUnit.SECONDS) > 10, "hardly anything was swapped");
    assertEquals(before, snapshot());
    String told = reads + " opened, " + Arrays.stream(answers).filter(n -> n > 0).boxed().toList();
    assertTrue(reads > 0 && answers[STATUS] > 0, told);
  }

  /** One request of any kind about what may be inside or outside just now. */
  private static Object[] request(String in, Random random) {
    List<Object[]> all =
        List.of(
            new Object[] {OPEN, in + "f", FOR_READING, 0},
            new Object[] {OPEN, "g", FOR_READING, 0},
            new Object[] {OPEN, "g", 2 | 16, 0},
            new Object[] {OPEN, in + "f", CREATING | 16, 0},
            new Object[] {OPEN, in + "n", CREATING | 32, 0},
            new Object[] {OPEN, in + "lnk", FOR_READING, 0},
            new Object[] {OPENDIR, in},
            new Object[] {OPENDIR, in + "d/.."},
            new Object[] {STAT, in + "f"},
            new Object[] {STAT, "g"},
            new Object[] {STAT, in + "d/../f"},
            new Object[] {LSTAT, in + "f"},
            new Object[] {LSTAT, in + "lnk"},
            new Object[] {SETSTAT, in + "f", 4, 0777},
            new Object[] {SETSTAT, "g", 4, 0777},
            new Object[] {SETSTAT, in + "f", 1, 1L},
            new Object[] {SETSTAT, in, 8, 1, 1},
            new Object[] {SETSTAT, "g", 8, 1, 1},
            new Object[] {READLINK, in + "lnk"},
            new Object[] {REALPATH, in + "lnk"},
            new Object[] {REALPATH, in + "d/.."},
            new Object[] {SYMLINK, "f", in + "s"},
            new Object[] {REMOVE, in + "s"},
            new Object[] {REMOVE, in + "n"},
            new Object[] {REMOVE, in + "f"},
            new Object[] {MKDIR, in + "m", 0},
            new Object[] {MKDIR, in + "new", 0},
            new Object[] {RMDIR, in + "m"},
            new Object[] {RMDIR, in + "d"},
            new Object[] {MKDIR, in + "d", 0},
            new Object[] {RENAME, in + "f", "stolen"},
            new Object[] {RENAME, "stolen", in + "f"},
            new Object[] {OPEN, "stolen", FOR_READING, 0},
            new Object[] {EXTENDED, RENAME_OVER, in + "n", "stolen"},
            new Object[] {EXTENDED, RENAME_OVER, "file", in + "f"},
            new Object[] {OPEN, "file", CREATING, 0},
            new Object[] {EXTENDED, HARD_LINK, in + "f", "hard"},
            new Object[] {EXTENDED, HARD_LINK, "file", in + "hard"},
            new Object[] {OPEN, "hard", FOR_READING, 0},
            new Object[] {REMOVE, "hard"},
            new Object[] {REMOVE, "stolen"});
    return all.get(random.nextInt(all.size()));
  }

  /** Returns the kind of an answer, in which nothing is of what is outside. */
  private static int check(ByteBuffer answer, int type, Object... parts) {
    String text = StandardCharsets.ISO_8859_1.decode(answer.duplicate()).toString();
    String what = type + " " + List.of(parts);
    assertFalse(text.contains(SECRET), what);
    assertFalse(text.contains("outside"), what);
    int kind = answer.get(0) & 0xFF;
    if (kind == ATTRS) {
      assertFalse(answer.getLong(9) == SECRET_SIZE, what);
    }
    return kind;
  }
}
