// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.RuntimeDTO;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.CookieManager;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which callers are let in, and what the page's server tells and does. */
class PageServerTest {
  private static final Pattern TOKEN =
      Pattern.compile("name=\"penstock-token\" content=\"([^\"]+)\"");
  private static final int SECONDS = 25;
  private static final String CLOSE = "do=close&key=pipes%2F2";

  private final Plumbing plumbing = new Plumbing();
  private final OperatorPage page =
      new OperatorPage(
          plumbing,
          plumbing,
          (pid, name) -> List.of(new KnownOptions.Option("capacity", "64KiB", pid + "~" + name)));
  private final HttpClient stranger = HttpClient.newHttpClient();
  private final HttpClient operator =
      HttpClient.newBuilder()
          .cookieHandler(new CookieManager())
          .followRedirects(HttpClient.Redirect.NORMAL)
          .build();
  private PageServer server;

  @BeforeEach
  void start() throws Exception {
    server = PageServer.start("127.0.0.1:0", page);
    HttpResponse<String> entered = get(operator, server.url());
    assertEquals(200, entered.statusCode());
    assertEquals(server.address() + "/", entered.uri().toString());
  }

  @AfterEach
  void stop() {
    server.close();
    page.deactivate();
  }

  private static HttpResponse<String> get(HttpClient client, String url) throws Exception {
    return client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path) throws Exception {
    return get(operator, server.address() + "/" + path);
  }

  private HttpResponse<String> post(HttpClient client, String form, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server.address() + "/act.json"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private String formToken() throws Exception {
    Matcher found = TOKEN.matcher(get("").body());
    assertTrue(found.find());
    return found.group(1);
  }

  @Test
  void nothingIsToldWithoutTheToken() throws Exception {
    for (String path :
        List.of(
            "",
            "page.html",
            "data.json",
            "events.stream",
            "history.json?key=pipes/2",
            "main.js",
            "options.json?key=pipes/2",
            "why.json?key=pipes/2",
            "?token=wrong",
            "login")) {
      HttpResponse<String> answer = get(stranger, server.address() + "/" + path);
      assertEquals(401, answer.statusCode(), path);
      assertFalse(answer.body().contains("orders"), path);
      assertFalse(TOKEN.matcher(answer.body()).find(), path);
    }
    assertEquals(401, post(stranger, CLOSE, "X-Penstock-Token", formToken()).statusCode());
    assertNull(plumbing.done.poll());
  }

  @Test
  void whoHasTheTokenIsLetInByTheFormToo() throws Exception {
    String token = server.url().substring(server.url().indexOf('=') + 1);
    HttpRequest login =
        HttpRequest.newBuilder(URI.create(server.address() + "/login"))
            .POST(HttpRequest.BodyPublishers.ofString("token=" + token))
            .build();
    HttpResponse<String> answer = stranger.send(login, BodyHandlers.ofString());
    assertEquals(303, answer.statusCode());
    String cookie = answer.headers().firstValue("Set-Cookie").orElseThrow();
    assertTrue(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), cookie);
    assertFalse(cookie.contains(token), cookie);
  }

  @Test
  void aForeignNameOfThisMachineIsRefused() throws Exception {
    // What a script of another site sends whose name was made to lead here.
    for (String host : List.of("evil.example", "127.0.0.1.evil.example", "127.evil.example")) {
      try (Socket socket = new Socket("127.0.0.1", URI.create(server.address()).getPort())) {
        socket
            .getOutputStream()
            .write(
                ("GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        String answer =
            new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertTrue(answer.startsWith("HTTP/1.1 403 "), host + ": " + answer);
      }
    }
  }

  @Test
  void eachAnswerHasTheStrictPolicy() throws Exception {
    for (String path : List.of("", "main.js", "page.css", "data.json", "nowhere")) {
      String policy = get(path).headers().firstValue("Content-Security-Policy").orElseThrow();
      assertTrue(policy.startsWith("default-src 'none'; script-src 'self'"), path);
      assertFalse(policy.contains("unsafe"), path);
    }
  }

  @Test
  void onlyAPageOfThisServerActs() throws Exception {
    String token = formToken();
    assertEquals(403, post(operator, CLOSE).statusCode());
    assertEquals(403, post(operator, CLOSE, "X-Penstock-Token", "wrong").statusCode());
    for (String origin : List.of("http://evil.example", "null", "http://127.0.0.1:1", "%")) {
      HttpResponse<String> answer =
          post(operator, CLOSE, "X-Penstock-Token", token, "Origin", origin);
      assertEquals(403, answer.statusCode(), origin);
    }
    HttpResponse<String> fetched =
        post(operator, CLOSE, "X-Penstock-Token", token, "Sec-Fetch-Site", "same-site");
    assertEquals(403, fetched.statusCode());
    assertEquals(405, get("act.json?" + CLOSE).statusCode());
    assertNull(plumbing.done.poll());
  }

  @Test
  void actionsReachTheObjectByItsNumber() throws Exception {
    assertEquals(200, get("data.json").statusCode());
    String token = formToken();
    String[] headers = {"X-Penstock-Token", token, "Origin", server.address()};
    assertEquals("{\"message\":\"orders is closed\"}", post(operator, CLOSE, headers).body());
    assertEquals(200, post(operator, "do=pause&key=pipes/2", headers).statusCode());
    assertEquals(200, post(operator, "do=resume&key=relays/30", headers).statusCode());
    assertEquals(List.of("close #2", "pause #2", "resume #30"), new ArrayList<>(plumbing.done));
    HttpResponse<String> refused = post(operator, "do=pause&key=channels/10", headers);
    assertEquals(409, refused.statusCode());
    assertTrue(refused.body().contains("one caller only"), refused.body());
    assertEquals(404, post(operator, "do=close&key=pipes/404", headers).statusCode());
    assertEquals(404, post(operator, "do=close&key=pollers/40", headers).statusCode());
    assertEquals(400, post(operator, "do=burn&key=pipes/2", headers).statusCode());
  }

  @Test
  void changesComeAsAStreamAndByAsking() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.address() + "/events.stream")).build();
    HttpResponse<InputStream> stream = operator.send(request, BodyHandlers.ofInputStream());
    assertEquals("text/event-stream", stream.headers().firstValue("Content-Type").orElseThrow());
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8))) {
      String all = message(lines);
      assertTrue(all.startsWith("data: {\"sequence\":1,\"full\":true,"), all);
      assertTrue(all.contains("\"stalled\""), all);
      page.event(
          new PenstockEvent(
              PenstockEvent.Type.FAILED, "relay", "out", "pipe:orders", null, "refused", 12));
      String change = message(lines);
      while (!change.contains("\"cause\":\"refused\"")) {
        change = message(lines);
      }
      assertTrue(change.contains("\"full\":false"), change);
      // What has not changed is not told again; the level of "orders" has.
      assertFalse(change.contains("\"upstream\""), change);
      assertTrue(change.contains("\"pipes\":[{\"id\":2,\"buffered\":"), change);
      assertFalse(change.contains("\"orders\""), change);
    }
    String polled = get("data.json?after=-1").body();
    assertTrue(polled.contains("\"full\":true"), polled);
    assertTrue(polled.contains("\"cause\":\"refused\""), polled);
    String sequence = polled.replaceAll("^\\{\"sequence\":(\\d+),.*", "$1");
    String next = get("data.json?after=" + sequence).body();
    assertTrue(next.contains("\"full\":false"), next);
    assertTrue(get("history.json?key=pipes/2").body().matches("\\{\"samples\":\\[\\{\"at\":.*"));
    assertEquals("{\"samples\":[]}", get("history.json?key=pipes/404").body());
    String why = get("why.json?key=pipes/2").body();
    assertTrue(why.contains("#2 waits for bytes"), why);
    assertTrue(get("why.json?key=pipes/404").body().contains("there is no #404"));
    assertTrue(get("options.json?key=relays/30").body().contains("io.penstock.Relay~in"));
    // What a bundle has made is in no configuration, whatever its name is.
    assertEquals(
        "{\"options\":[{\"key\":\"capacity\",\"value\":\""
            + Plumbing.CAPACITY
            + " B\",\"origin\":\"bundle io.example.stalled\"}]}",
        get("options.json?key=pipes/3").body());
    assertEquals("{\"options\":[]}", get("options.json?key=pipes/404").body());
  }

  private static String message(BufferedReader lines) throws IOException {
    String line = lines.readLine();
    while (line != null && !line.startsWith("data: ")) {
      line = lines.readLine();
    }
    assertNotNull(line);
    return line;
  }

  @Test
  void nobodyLooksWhileNobodyWatches() throws Exception {
    HttpResponse<String> start = get("");
    assertEquals(200, start.statusCode());
    assertEquals(0, plumbing.looks.get());
    assertEquals(200, get("data.json").statusCode());
    assertTrue(plumbing.looks.get() > 0);
  }

  @Test
  void moreStreamsThanThreadsAreRefused() throws Exception {
    for (int i = 0; i < LiveFeed.MOST_STREAMS; i++) {
      assertTrue(page.admitStream());
    }
    assertEquals(503, get("events.stream").statusCode());
    assertEquals(200, get("data.json").statusCode());
    page.releaseStream();
    assertTrue(page.admitStream());
  }

  private Socket half(String text) throws IOException {
    Socket socket = new Socket("127.0.0.1", URI.create(server.address()).getPort());
    socket.setSoTimeout(20_000);
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  private static String start(Socket socket) throws IOException {
    return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
  }

  @Test
  void whatFindsNoThreadIsAnsweredLater() throws Exception {
    String login =
        "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
            + "Expect: 100-continue\r\n\r\n";
    List<Socket> held = new ArrayList<>();
    for (int i = 0; i < PageServer.MOST_THREADS; i++) {
      Socket socket = half(login);
      held.add(socket);
      // A thread has it from here on.
      assertEquals("HTTP/1.1 100", start(socket));
    }
    CompletableFuture<HttpResponse<String>> late =
        operator.sendAsync(
            HttpRequest.newBuilder(URI.create(server.address() + "/page.html")).build(),
            BodyHandlers.ofString());
    assertThrows(TimeoutException.class, () -> late.get(200, TimeUnit.MILLISECONDS));
    for (Socket each : held) {
      each.close();
    }
    assertEquals(200, late.get(20, TimeUnit.SECONDS).statusCode());
  }

  @Test
  void nobodyWaitsForTheBodyOfAStranger() throws Exception {
    String post = "POST /act.json HTTP/1.1\r\nContent-Length: 100\r\nHost: ";
    for (String host : List.of("127.0.0.1", "evil.example")) {
      try (Socket socket = half(post + host + "\r\n\r\n")) {
        assertEquals(host.startsWith("127") ? "HTTP/1.1 401" : "HTTP/1.1 403", start(socket));
      }
    }
  }

  @Test
  void whyIsAskedByTheNumberOrElseTheName() throws Exception {
    assertEquals(200, get("data.json").statusCode());
    for (Map.Entry<String, String> one :
        Map.of(
                "failed/61", "handler#61",
                "awaited/io.penstock.Channel~later", "later",
                "servers/51", "handler#51",
                "pollers/40", "#40")
            .entrySet()) {
      String why = get("why.json?key=" + one.getKey()).body();
      assertTrue(why.contains("\"" + one.getValue() + " waits for bytes"), why);
    }
  }

  @Test
  void anErrorOfALookIsNotTheLast() throws Exception {
    plumbing.trouble = new LinkageError("planted");
    HttpResponse<String> answer = get("data.json");
    assertEquals(200, answer.statusCode(), answer.body());
    assertNull(plumbing.trouble);
  }

  @Test
  void addressesOfOtherMachinesAreRefused() {
    for (String address :
        List.of(
            "0.0.0.0:0", "here", "127.0.0.1", "127.0.0.1:x", ":80", "127.0.0.1:70000", "[::]:0")) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> PageServer.start(address, page));
      assertTrue(refused.getMessage().contains("127.0.0.1:8090"), refused.getMessage());
    }
    IOException taken =
        assertThrows(
            IOException.class, () -> PageServer.start(server.address().substring(7), page));
    assertTrue(taken.getMessage().startsWith("the page cannot be at 127.0.0.1:"), taken.toString());
  }

  @Test
  void ofManyObjectsEveryOtherSecondIsTold() {
    LiveFeed feed = new LiveFeed(plumbing, new RecentEvents());
    assertTrue(feed.openStream());
    List<Boolean> told = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      plumbing.more = i < 3 ? 0 : LiveFeed.MANY;
      RuntimeDTO before = feed.latest();
      feed.look();
      told.add(!Objects.equals(before, feed.latest()));
    }
    assertEquals(List.of(true, true, true, false, true, false, true, false), told);
    // The plots have each second.
    assertEquals(8, feed.history("pipes/2").size());
    feed.close();
  }

  @Test
  void aLookThatAnotherHasOvertakenIsNotTold() {
    LiveFeed feed = new LiveFeed(plumbing, new RecentEvents());
    assertTrue(feed.openStream());
    feed.look();
    plumbing.during = feed::look;
    feed.look();
    // The third began while the second was under way, and was told before it.
    assertEquals(
        Plumbing.level(3), Objects.requireNonNull(feed.latest()).pipes().get(1).buffered());
    feed.close();
  }

  /** The cost of a second, without what it takes to gather: that is the runtime's. */
  @Test
  void aThousandPipesTakeAFiftiethOfACore() {
    plumbing.more = 1000;
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    LiveFeed feed = new LiveFeed(plumbing, new RecentEvents());
    // As if somebody watched, without a clock of its own.
    assertTrue(feed.openStream());
    long best = Long.MAX_VALUE;
    // The first rounds are for the compiler.
    for (int round = 0; round < 5; round++) {
      long before = threads.getCurrentThreadCpuTime();
      for (int i = 0; i < SECONDS; i++) {
        feed.look();
      }
      best = Math.min(best, (threads.getCurrentThreadCpuTime() - before) / SECONDS);
    }
    feed.close();
    String said = best / 1_000_000.0 + " ms in each second";
    System.out.println("the page's server, a thousand pipes that move: " + said);
    assertTrue(best < Duration.ofMillis(20).toNanos(), said);
  }
}
