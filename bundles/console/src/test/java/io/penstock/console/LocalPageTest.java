// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.net.CookieManager;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;

/** The page that a configuration or the command line asks for, and where its token is told. */
class LocalPageTest {
  private static final String ANY = "127.0.0.1:0";

  @TempDir Path folder;

  private final Plumbing plumbing = new Plumbing();
  private final OperatorPage page = new OperatorPage(plumbing, plumbing, null);
  private final HttpClient client =
      HttpClient.newBuilder()
          .cookieHandler(new CookieManager())
          .followRedirects(HttpClient.Redirect.NORMAL)
          .build();

  @AfterEach
  void stop() {
    page.deactivate();
  }

  private LocalPage start(String address, String tokenFile, @Nullable String given) {
    BundleContext context =
        answering(BundleContext.class, "getProperty", given == null ? Map.of() : Map.of("", given));
    LocalPage.Config config =
        answering(LocalPage.Config.class, null, Map.of("address", address, "tokenFile", tokenFile));
    return new LocalPage(context, config, page);
  }

  /** Something that gives what it is told to: by the name of a method, or always for one. */
  private static <T> T answering(
      Class<T> type, @Nullable String only, Map<String, String> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) ->
                answers.get(method.getName().equals(only) ? "" : method.getName())));
  }

  private HttpResponse<String> get(String url) throws Exception {
    return client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString());
  }

  /** What a page that is started without a file says on standard error. */
  private String said(String address, @Nullable String given) throws Exception {
    PrintStream before = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    try {
      LocalPage local = start(address, "", given);
      String line = said.toString(StandardCharsets.UTF_8);
      if (line.startsWith("page ")) {
        assertEquals(200, get(line.substring("page ".length()).strip()).statusCode());
      }
      local.deactivate();
      return line;
    } finally {
      System.setErr(before);
    }
  }

  @Test
  void theFileLetsItsOwnerInAndGoesWithThePage() throws Exception {
    Path file = folder.resolve("url");
    LocalPage local = start(ANY, file.toString(), null);
    String url = Files.readString(file).strip();
    assertTrue(url.matches("http://127\\.0\\.0\\.1:[0-9]+/\\?token=[\\w-]{32}"), url);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals(200, get(url).statusCode());
    local.deactivate();
    assertFalse(Files.exists(file));
    assertThrows(ConnectException.class, () -> get(url));
  }

  @Test
  void aFileThatOthersReadIsNotWrittenTo() throws Exception {
    String old = "http://127.0.0.1:1/?token=old";
    Path file = Files.writeString(folder.resolve("url"), old);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    Path held = Files.createLink(folder.resolve("held"), file);
    LocalPage local = start(ANY, file.toString(), null);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertTrue(Files.readString(file).startsWith("http://127.0.0.1:"));
    assertEquals(old, Files.readString(held));
    local.deactivate();
    assertFalse(Files.exists(file));
  }

  @Test
  void aFileOfSomebodyElseIsKept() throws Exception {
    Path other = Files.writeString(folder.resolve("other"), "other");
    Path link = Files.createSymbolicLink(folder.resolve("link"), other);
    for (Path each : List.of(other, link, folder)) {
      IOException refused =
          assertThrows(IOException.class, () -> LocalPage.write(each, "http://127.0.0.1"));
      assertEquals(
          "tokenFile "
              + each
              + " is there and has no URL of a page in it; expected a path where nothing is",
          refused.getMessage());
    }
    assertEquals("other", Files.readString(other));
    assertTrue(Files.isSymbolicLink(link));
    Path empty = Files.createFile(folder.resolve("empty"));
    assertEquals("x\n", Files.readString(LocalPage.write(empty, "x")));
  }

  @Test
  void withoutItsFileThereIsNoPage() throws Exception {
    // A token that nobody is told of lets nobody in; the log says why.
    Path nowhere = folder.resolve("nowhere/url");
    List<String> lines = new CopyOnWriteArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            lines.add(new SimpleFormatter().formatMessage(entry));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger root = Logger.getLogger("");
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    root.addHandler(handler);
    try {
      start("127.0.0.1:" + port, nowhere.toString(), null).deactivate();
    } finally {
      root.removeHandler(handler);
    }
    assertTrue(
        lines.stream()
            .anyMatch(
                line ->
                    line.startsWith(
                        "there is no page: tokenFile " + nowhere + " cannot be written: ")),
        lines.toString());
    assertThrows(ConnectException.class, () -> get("http://127.0.0.1:" + port + "/"));
  }

  @Test
  void aFileSystemThatKnowsNoOwnerIsNamed() {
    // It refuses as one without POSIX permissions does.
    Path file = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/url");
    IOException refused =
        assertThrows(IOException.class, () -> LocalPage.write(file, "http://127.0.0.1"));
    assertTrue(
        refused.getMessage().startsWith("tokenFile /url cannot be written: "), refused.toString());
    assertInstanceOf(UnsupportedOperationException.class, refused.getCause());
  }

  @Test
  void standardErrorIsToldOnceWhereThereIsNoFile() throws Exception {
    String line = said(ANY, null);
    assertTrue(line.matches("page http://127\\.0\\.0\\.1:[0-9]+/\\?token=[\\w-]{32}\\R"), line);
    assertTrue(said("", ANY).startsWith("page http://127.0.0.1:"));
    assertTrue(said("127.0.0.2:0", ANY).startsWith("page http://127.0.0.2:"));
    assertEquals("", said("", null));
    // The log says why; what the container is for goes on.
    assertFalse(said("0.0.0.0:0", null).contains("token="));
  }
}
