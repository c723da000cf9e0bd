// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The JDK's HTTP server with the page, for this machine only. A browser that brings the token is
 * let in, and has a cookie from then on.
 */
final class PageServer implements AutoCloseable {
  /** What its URLs begin with. */
  static final String SCHEME = "http://";

  private static final Logger LOG = Messages.log("console");
  static final int MOST_THREADS = LiveFeed.MOST_STREAMS + 16;
  private static final int MOST_FORM_BYTES = 8192;
  private static final String EXPECTED = "HOST:PORT of this machine, such as 127.0.0.1:8090";

  private static final Pattern LOOPBACK = Pattern.compile("127(\\.[0-9]{1,3}){3}");

  private final OperatorPage page;
  private final HttpServer server;
  private final ExecutorService threads;
  private final String token = Secret.fresh();
  private final String session = Secret.fresh();

  private PageServer(OperatorPage page, HttpServer server) {
    this.page = page;
    this.server = server;
    AtomicInteger count = new AtomicInteger();
    // What finds no thread waits for one: the server answers nothing that is rejected.
    ThreadPoolExecutor made =
        new ThreadPoolExecutor(
            MOST_THREADS,
            MOST_THREADS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "penstock-page-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    made.allowCoreThreadTimeOut(true);
    this.threads = made;
  }

  /**
   * Starts a server.
   *
   * @param address host and port
   * @param page answers
   * @throws IOException if the address cannot be bound
   * @throws IllegalArgumentException if it is none, or not of this machine only
   */
  static PageServer start(String address, OperatorPage page) throws IOException {
    InetSocketAddress local = parse(address);
    HttpServer server;
    try {
      server = HttpServer.create(local, 0);
    } catch (IOException e) {
      throw new IOException("the page cannot be at " + address + ": " + e.getMessage(), e);
    }
    PageServer made = new PageServer(page, server);
    server.setExecutor(made.threads);
    server.createContext("/", made::handle);
    server.start();
    return made;
  }

  /** Reads an address; it is not encrypted, so that no other machine may reach it. */
  static InetSocketAddress parse(String address) throws IOException {
    int colon = address.lastIndexOf(':');
    int port;
    try {
      port = Integer.parseInt(address.substring(colon + 1));
    } catch (NumberFormatException e) {
      throw Messages.refused("address", address, EXPECTED);
    }
    if (colon < 1 || port < 0 || port > 65535) {
      throw Messages.refused("address", address, EXPECTED);
    }
    InetAddress host = InetAddress.getByName(address.substring(0, colon));
    if (!host.isLoopbackAddress()) {
      throw Messages.refused("address", address, EXPECTED);
    }
    return new InetSocketAddress(host, port);
  }

  /** The address with the port that it really has. */
  String address() {
    InetSocketAddress bound = server.getAddress();
    String host = bound.getAddress().getHostAddress();
    return SCHEME + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + bound.getPort();
  }

  /** What a browser is to be given to be let in. */
  String url() {
    return address() + "/?token=" + token;
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      PageAnswer.HEADERS.forEach(exchange.getResponseHeaders()::set);
      Map<String, String> parameters = new HashMap<>();
      read(exchange.getRequestURI().getRawQuery(), parameters);
      String path = exchange.getRequestURI().getPath().substring(1);
      if (!isOurHost(header(exchange, "Host"))) {
        send(exchange, PageAnswer.message(403, "expected a name of this machine"));
        return;
      }
      boolean in = isLoggedIn(exchange);
      // Of a stranger only the form with the token is read: a body may never come.
      if (exchange.getRequestMethod().equals("POST") && (in || path.equals("login"))) {
        byte[] form = exchange.getRequestBody().readNBytes(MOST_FORM_BYTES);
        read(new String(form, StandardCharsets.UTF_8), parameters);
      }
      if (parameters.containsKey("token") && (path.isEmpty() || path.equals("login"))) {
        enter(exchange, parameters.get("token"));
      } else if (path.equals("page.css") || path.equals("icon.svg")) {
        // Of which the form for the token has need; they tell nothing.
        send(exchange, page.answer(request(exchange, path, parameters)));
      } else if (!in) {
        refuse(exchange, path);
      } else if (path.equals("events.stream")) {
        stream(exchange);
      } else {
        send(exchange, page.answer(request(exchange, path, parameters)));
      }
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "a request to the operator's page has failed", e);
    }
  }

  private static PageRequest request(
      HttpExchange exchange, String path, Map<String, String> parameters) {
    return new PageRequest(
        exchange.getRequestMethod(), path, parameters, name -> header(exchange, name));
  }

  private static @Nullable String header(HttpExchange exchange, String name) {
    return exchange.getRequestHeaders().getFirst(name);
  }

  private static void read(@Nullable String form, Map<String, String> parameters) {
    for (String pair : form == null ? new String[0] : form.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        parameters.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
      }
    }
  }

  private static String decode(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      LOG.log(Level.DEBUG, "a request with a text that is not encoded as it should be", e);
      return "";
    }
  }

  /** A foreign name that was made to lead to this machine would have its script let in. */
  private static boolean isOurHost(@Nullable String host) {
    if (host == null) {
      return false;
    }
    try {
      String name = URI.create(SCHEME + host).getHost();
      return name != null
          && (name.equals("localhost") || name.equals("[::1]") || LOOPBACK.matcher(name).matches());
    } catch (IllegalArgumentException e) {
      LOG.log(Level.DEBUG, "a request without a host", e);
      return false;
    }
  }

  /** Browsers send a cookie to each port of a host. */
  private String cookie() {
    return "penstock-" + server.getAddress().getPort();
  }

  private boolean isLoggedIn(HttpExchange exchange) {
    List<String> all = exchange.getRequestHeaders().getOrDefault("Cookie", List.of());
    for (String pair : String.join(";", all).split(";", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0
          && pair.substring(0, equals).strip().equals(cookie())
          && Secret.equal(session, pair.substring(equals + 1).strip())) {
        return true;
      }
    }
    return false;
  }

  private void enter(HttpExchange exchange, @Nullable String given) throws IOException {
    if (!Secret.equal(token, given)) {
      refuse(exchange, "");
      return;
    }
    // Away from an address that has the token in it.
    exchange.getResponseHeaders().set("Location", "/");
    exchange
        .getResponseHeaders()
        .set("Set-Cookie", cookie() + "=" + session + "; Path=/; HttpOnly; SameSite=Strict");
    send(exchange, PageAnswer.message(303, "welcome"));
  }

  private static void refuse(HttpExchange exchange, String path) throws IOException {
    send(
        exchange,
        path.isEmpty() || path.equals("login") || path.equals("page.html")
            ? new PageAnswer(401, PageAnswer.HTML, OperatorPage.resource("login.html"))
            : PageAnswer.message(401, "expected the token that was printed at the start"));
  }

  private static void send(HttpExchange exchange, PageAnswer answer) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", answer.type());
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(answer.status(), -1);
      return;
    }
    byte[] content = answer.bytes();
    exchange.sendResponseHeaders(answer.status(), content.length);
    exchange.getResponseBody().write(content);
    // The server reads what is left of a body before it sends what it has not yet sent.
    exchange.getResponseBody().flush();
  }

  private void stream(HttpExchange exchange) throws IOException {
    if (!page.admitStream()) {
      send(exchange, PageAnswer.message(503, "too many streams; ask for data.json"));
      return;
    }
    try {
      exchange.getResponseHeaders().set("Content-Type", PageAnswer.STREAM);
      exchange.sendResponseHeaders(200, 0);
      OutputStream out = exchange.getResponseBody();
      page.stream(out);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a browser has gone", e);
    } finally {
      page.releaseStream();
    }
  }

  /** Ends it, with the streams of all browsers. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
