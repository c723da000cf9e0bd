// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.itests.support.TestBundle;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;

/** The operator's page in Felix's Web Console: who is let in, what it shows, and what it does. */
class WebConsolePageIT {
  private static final String MARKUP = "<b>orders</b>";
  private static final Pattern TOKEN =
      Pattern.compile("name=\"penstock-token\" content=\"([^\"]+)\"");

  private static final int LOOKS = 20;

  /** The reader takes a quarter of a hundredth of a core where the page takes its fiftieth. */
  private static final int TIMES_THE_READER = 8;

  private static FelixWebConsole console;

  @BeforeAll
  static void boot(@TempDir Path storage) throws Exception {
    console = FelixWebConsole.boot(storage, "io.penstock.operator", "io.penstock.console");
    console.await("(&(objectClass=jakarta.servlet.Servlet)(felix.webconsole.label=penstock))");
  }

  @AfterAll
  static void shutDown() throws Exception {
    console.shutDown();
  }

  private static HttpResponse<String> get(String path) throws Exception {
    return FelixWebConsole.send(console.asAdministrator("penstock" + path));
  }

  private static HttpRequest.Builder post(HttpRequest.Builder request, String form) {
    return request
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(BodyPublishers.ofString(form));
  }

  private static String close(String key) {
    return "do=close&key=" + URLEncoder.encode(key, UTF_8);
  }

  private static String token() throws Exception {
    Matcher found = TOKEN.matcher(get("/page.html").body());
    assertTrue(found.find());
    return found.group(1);
  }

  /**
   * Has Configuration Admin make a pipe, and waits until it is there; gives its key on the page.
   */
  private static String pipe(String name) throws Exception {
    ServiceReference<?> reference =
        console.await("(objectClass=org.osgi.service.cm.ConfigurationAdmin)");
    Bundle bundle = reference.getBundle();
    Object configuration =
        bundle
            .loadClass("org.osgi.service.cm.ConfigurationAdmin")
            .getMethod("createFactoryConfiguration", String.class, String.class)
            .invoke(console.context().getService(reference), "io.penstock.Pipe", "?");
    bundle
        .loadClass("org.osgi.service.cm.Configuration")
        .getMethod("update", Dictionary.class)
        .invoke(configuration, new Hashtable<>(Map.of("penstock.name", name, "capacity", "4KiB")));
    console.await("(&(objectClass=io.penstock.pipe.Pipe)(penstock.name=" + name + "))");
    return keyBut("", name);
  }

  /** The key of a pipe on the page, in the first look that has it by another key than that. */
  private static String keyBut(String old, String name) throws Exception {
    Pattern entry = Pattern.compile("\\{\"id\":([0-9]+),\"name\":\"" + Pattern.quote(name) + "\"");
    for (int i = 0; i < LOOKS; i++) {
      HttpResponse<String> all = get("/data.json?after=-1");
      assertEquals(200, all.statusCode(), all.body());
      Matcher found = entry.matcher(all.body());
      if (found.find() && !old.equals("pipes/" + found.group(1))) {
        return "pipes/" + found.group(1);
      }
      // This waits for the next look.
      get("/data.json?after=" + all.body().replaceAll("^\\{\"sequence\":(\\d+),.*", "$1"));
    }
    throw new AssertionError("the page shows no other " + name + " than " + old);
  }

  @Test
  void nothingIsToldOrDoneWithoutALogin() throws Exception {
    for (String path :
        List.of(
            "",
            "/page.html",
            "/main.js",
            "/data.json",
            "/events.stream",
            "/history.json?key=pipes/1",
            "/options.json?key=pipes/1",
            "/why.json?key=pipes/1")) {
      HttpResponse<String> refused = FelixWebConsole.send(console.asStranger("penstock" + path));
      assertEquals(401, refused.statusCode(), path + refused.body());
      assertFalse(refused.body().contains("pipes"), refused.body());
    }
    HttpResponse<String> acted =
        FelixWebConsole.send(
            post(console.asStranger("penstock/act.json"), close("pipes/1"))
                .header("X-Penstock-Token", token()));
    assertEquals(401, acted.statusCode());
    // Nor is it at another place of the server, where no login is asked for.
    for (String path : List.of("penstock", "penstock/data.json", "data.json", "page.html")) {
      HttpRequest elsewhere = HttpRequest.newBuilder(URI.create(console.address() + path)).build();
      assertEquals(
          404, FelixWebConsole.CLIENT.send(elsewhere, BodyHandlers.ofString()).statusCode(), path);
    }
  }

  @Test
  void thePageIsInAFrameOfTheConsole() throws Exception {
    HttpResponse<String> outer = get("");
    assertEquals(200, outer.statusCode());
    assertTrue(outer.body().contains("src=\"/system/console/penstock/page.html\""), outer.body());
    assertTrue(outer.body().contains("/system/console/penstock/frame.css"), outer.body());
    HttpResponse<String> inner = get("/page.html");
    // The page alone: without the console's head, and with a policy that lets the console frame it.
    assertTrue(inner.body().startsWith("<!DOCTYPE html>"), inner.body());
    assertEquals(1, inner.body().split("<html").length - 1, inner.body());
    assertEquals("text/html;charset=utf-8", type(inner));
    String policy = inner.headers().firstValue("Content-Security-Policy").orElseThrow();
    assertTrue(policy.startsWith("default-src 'none'; script-src 'self'"), policy);
    assertTrue(policy.contains("frame-ancestors 'self'"), policy);
    assertEquals(List.of(), inner.headers().allValues("X-Frame-Options"));
    for (String script : List.of("main", "live", "words", "graph", "overview", "object", "plot")) {
      HttpResponse<String> answer = get("/" + script + ".js");
      assertEquals("text/javascript;charset=utf-8", type(answer), script);
      assertTrue(answer.body().startsWith("// SPDX"), answer.body());
    }
    assertEquals("text/css;charset=utf-8", type(get("/page.css")));
    assertEquals("text/css;charset=utf-8", type(get("/frame.css")));
    assertEquals(404, get("/nowhere.js").statusCode());
  }

  private static String type(HttpResponse<?> answer) {
    return answer
        .headers()
        .firstValue("Content-Type")
        .orElse("none")
        .replace(" ", "")
        .toLowerCase();
  }

  @Test
  void aPipeIsShownByAskingAndByEvents() throws Exception {
    String key = pipe(MARKUP);
    HttpResponse<String> options = get("/options.json?key=" + key);
    assertEquals("application/json", type(options));
    assertTrue(
        options
            .body()
            .matches(
                ".*\\{\"key\":\"capacity\",\"value\":\"4KiB\",\"origin\":\"io.penstock.Pipe[~.].*"),
        options.body());
    assertTrue(
        options.body().contains("{\"key\":\"spin\",\"value\":\"auto\",\"origin\":\"the default\"}"),
        options.body());
    HttpRequest request = console.asAdministrator("penstock/events.stream").build();
    HttpResponse<InputStream> stream =
        FelixWebConsole.CLIENT.send(request, BodyHandlers.ofInputStream());
    assertTrue(type(stream).startsWith("text/event-stream"), type(stream));
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream.body(), UTF_8))) {
      String all = message(lines);
      assertTrue(all.contains("\"full\":true") && all.contains(MARKUP), all);
      // Its rates are known a second after the first look, which is a change; then it is still.
      String still = all;
      String told = "{\"id\":" + key.replace("pipes/", "") + ",";
      Pattern rated =
          Pattern.compile(Pattern.quote(told) + "[^}]*\"sink\":\\{[^}]*\"second\":0\\.");
      while (!rated.matcher(still).find()) {
        still = message(lines);
      }
      while (still.contains(told)) {
        still = message(lines);
      }
      pipe("later");
      String change = message(lines);
      while (!change.contains("\"later\"")) {
        change = message(lines);
      }
      assertTrue(change.contains("\"full\":false"), change);
      assertFalse(change.contains(told), change);
    }
  }

  private static String message(BufferedReader lines) throws IOException {
    String line = lines.readLine();
    while (line != null && !line.startsWith("data: ")) {
      line = lines.readLine();
    }
    assertNotNull(line, "the stream has ended");
    return line;
  }

  @Test
  void onlyAPageOfTheConsoleCloses() throws Exception {
    String key = pipe("closed");
    String token = token();
    assertEquals(403, act(key).statusCode());
    assertEquals(403, act(key, "X-Penstock-Token", "wrong").statusCode());
    for (String origin : List.of("http://evil.example", "null", "http://127.0.0.1:1")) {
      HttpResponse<String> refused = act(key, "X-Penstock-Token", token, "Origin", origin);
      assertEquals(403, refused.statusCode(), origin);
    }
    assertEquals(
        403, act(key, "X-Penstock-Token", token, "Sec-Fetch-Site", "cross-site").statusCode());
    assertEquals(405, get("/act.json?" + close(key)).statusCode());
    assertEquals(key, keyBut("", "closed"));
    String ours = console.address().replaceAll("/$", "");
    HttpResponse<String> done = act(key, "X-Penstock-Token", token, "Origin", ours);
    assertEquals("{\"message\":\"closed is closed\"}", done.body());
    // A configuration makes another one at once.
    assertNotEquals(key, keyBut(key, "closed"));
  }

  private static HttpResponse<String> act(String key, String... headers) throws Exception {
    HttpRequest.Builder request = post(console.asAdministrator("penstock/act.json"), close(key));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return FelixWebConsole.send(request);
  }

  /**
   * What a second costs with a browser that watches: gathering, history, JSON and the server. A
   * fiftieth of a core is allowed. Some virtual machines need microseconds for a page of memory
   * that has rested for a second. A reader of the same messages is slowed there as well, so as many
   * times what it takes is allowed, too.
   */
  @Test
  void aThousandPipesTakeAFiftiethOfACore() throws Exception {
    Bundle many = TestBundle.named("many").activator(ManyPipes.class).start(console.context());
    Runnable move = (Runnable) console.context().getService(many.getRegisteredServices()[0]);
    HttpRequest request = console.asAdministrator("penstock/events.stream").build();
    HttpResponse<InputStream> stream =
        FelixWebConsole.CLIENT.send(request, BodyHandlers.ofInputStream());
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream.body(), UTF_8))) {
      // The first may tell of a look before there were any.
      String all = message(lines);
      Reader reader = new Reader();
      reader.spentOn(all);
      if (!all.contains("\"many-999\"")) {
        all = message(lines);
        reader.spentOn(all);
      }
      assertTrue(all.contains("\"many-999\""));
      // What comes first is for the compiler, which other programs may hold up.
      double taken = 100;
      double allowed = 2;
      for (int times = 0; times < 15 && taken >= allowed; times++) {
        Map<Long, Long> before = processorTimes();
        long started = System.nanoTime();
        long read = 0;
        for (int i = 0; i < 3; i++) {
          move.run();
          String moved = message(lines);
          assertTrue(moved.contains("\"full\":false"), "all was told again");
          read += reader.spentOn(moved);
          assertTrue(reader.moved.length() > ManyPipes.COUNT, moved);
        }
        long spent = 0;
        for (Map.Entry<Long, Long> now : processorTimes().entrySet()) {
          spent += now.getValue() - before.getOrDefault(now.getKey(), 0L);
        }
        double second = (System.nanoTime() - started) / 100.0;
        taken = spent / second;
        allowed = Math.max(2, TIMES_THE_READER * read / second);
        System.out.printf(
            "the page with a thousand pipes that move takes %.2f %% of a core, a reader %.2f%n",
            taken, read / second);
      }
      assertTrue(taken < allowed, taken + " % of a core, allowed " + allowed);
    } finally {
      many.uninstall();
    }
  }

  /** Keeps what was told of each pipe, as a browser does, and finds what moved. */
  private static final class Reader {
    private static final Pattern VALUE = Pattern.compile("\"([a-z]+)\":(\"[^\"]*\"|[^{}\\[,]+)");

    private final Map<String, Map<String, String>> pipes = new HashMap<>();
    private StringBuilder moved = new StringBuilder();

    /** In nanoseconds of the processor. */
    long spentOn(String message) {
      long started = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      moved = new StringBuilder();
      String[] parts = message.split("\\{\"id\":");
      for (String pipe : Arrays.asList(parts).subList(1, parts.length)) {
        String id = pipe.substring(0, pipe.indexOf(','));
        Map<String, String> last = pipes.computeIfAbsent(id, one -> new HashMap<>());
        Matcher found = VALUE.matcher(pipe);
        while (found.find()) {
          if (!found.group(2).equals(last.put(found.group(1), found.group(2)))) {
            moved.append(id).append(found.group());
          }
        }
      }
      return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - started;
    }
  }

  /**
   * In nanoseconds, of the threads that look and that send; the clock's time is other programs'
   * too.
   */
  private static Map<Long, Long> processorTimes() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    return Stream.of(threads.getThreadInfo(threads.getAllThreadIds()))
        .filter(Objects::nonNull)
        .filter(one -> one.getThreadName().matches("penstock-console|.*qtp.*"))
        .collect(
            Collectors.toMap(
                ThreadInfo::getThreadId,
                one -> Math.max(0, threads.getThreadCpuTime(one.getThreadId()))));
  }

  @Test
  void whenTheBundleStopsTheStreamsEnd() throws Exception {
    HttpRequest request = console.asAdministrator("penstock/events.stream").build();
    HttpResponse<InputStream> stream =
        FelixWebConsole.CLIENT.send(request, BodyHandlers.ofInputStream());
    Bundle bundle =
        console
            .await("(&(objectClass=jakarta.servlet.Servlet)(felix.webconsole.label=penstock))")
            .getBundle();
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream.body(), UTF_8))) {
      assertNotNull(message(lines));
      bundle.stop();
      assertTrue(lines.lines().count() < 100);
    } finally {
      bundle.start();
    }
  }
}
