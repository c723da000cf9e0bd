// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.PenstockListener;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * Answers what a browser asks for, for each server that has let it in. It is told of events from
 * the beginning, and looks at nothing while nobody watches. Thread-safe.
 */
@Component(service = {OperatorPage.class, PenstockListener.class})
public final class OperatorPage implements PenstockListener {
  private static final Logger LOG = Messages.log("console");

  /** The page's own, of which a query cannot name another one. */
  private static final Map<String, String> FILES =
      Map.of(
          "page.css", "text/css; charset=utf-8",
          "frame.css", "text/css; charset=utf-8",
          "icon.svg", "image/svg+xml",
          "main.js", "text/javascript; charset=utf-8",
          "live.js", "text/javascript; charset=utf-8",
          "words.js", "text/javascript; charset=utf-8",
          "graph.js", "text/javascript; charset=utf-8",
          "overview.js", "text/javascript; charset=utf-8",
          "object.js", "text/javascript; charset=utf-8",
          "plot.js", "text/javascript; charset=utf-8");

  private final @Nullable PenstockControl control;
  private final @Nullable KnownOptions options;
  private final RecentEvents events = new RecentEvents();

  /** Tests look by it when they want news. */
  final LiveFeed feed;

  /** Known to browsers that were given the page, and so not to another site's script. */
  private final String formToken = Secret.fresh();

  /**
   * Activates the component.
   *
   * @param runtime tells what there is
   * @param control does what the operator asks for; without it the page only shows
   * @param options tells what is configured; without it the page has no options
   */
  @Activate
  public OperatorPage(
      @Reference PenstockRuntime runtime,
      @Reference(
              cardinality = ReferenceCardinality.OPTIONAL,
              policyOption = ReferencePolicyOption.GREEDY)
          @Nullable PenstockControl control,
      @Reference(
              cardinality = ReferenceCardinality.OPTIONAL,
              policyOption = ReferencePolicyOption.GREEDY)
          @Nullable KnownOptions options) {
    this.control = control;
    this.options = options;
    this.feed = new LiveFeed(runtime, events);
  }

  @Override
  public void event(PenstockEvent event) {
    events.add(event);
  }

  /** Ends the streams of all browsers. */
  @Deactivate
  void deactivate() {
    feed.close();
  }

  /**
   * Answers all but the stream of events.
   *
   * @param request of a browser that has logged in
   * @return what it gets; a page that is not there is an answer, too
   */
  PageAnswer answer(PageRequest request) {
    if (request.path().equals("act.json")) {
      return act(request);
    }
    if (!request.method().equals("GET")) {
      return PageAnswer.message(405, "expected GET of this path");
    }
    String key = request.parameters().getOrDefault("key", "");
    return switch (request.path()) {
      case "", "page.html" -> page();
      case "data.json" -> data(request.parameters().getOrDefault("after", ""));
      case "history.json" -> PageAnswer.json(200, Map.of("samples", feed.history(key)));
      case "options.json" -> options(key);
      case "why.json" -> why(key);
      default -> file(request.path());
    };
  }

  private PageAnswer page() {
    String text = resource("page.html").replace("@token@", formToken);
    return new PageAnswer(200, PageAnswer.HTML, text);
  }

  private static PageAnswer file(String name) {
    String type = FILES.get(name);
    return type == null
        ? PageAnswer.message(404, "there is no such path")
        : new PageAnswer(200, type, resource(name));
  }

  /** The content of a file of the page. */
  static String resource(String name) {
    try (InputStream in = OperatorPage.class.getResourceAsStream("web/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the bundle has no web/" + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("web/" + name + " cannot be read", e);
    }
  }

  private PageAnswer data(String after) {
    try {
      LiveFeed.News news = feed.next(number(after));
      return news == null
          ? PageAnswer.message(503, "nothing could be gathered; the log says why")
          : new PageAnswer(200, PageAnswer.JSON, news.json());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return PageAnswer.message(503, "the page is being stopped");
    }
  }

  private static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      LOG.log(Level.TRACE, "a browser that has nothing yet", e);
      return -1;
    }
  }

  /**
   * Sends news until the browser goes, or the page is stopped.
   *
   * @param out to the browser; each message is flushed
   * @throws IOException if the browser has gone
   */
  void stream(OutputStream out) throws IOException {
    long sent = -1;
    try {
      while (!feed.isClosed()) {
        LiveFeed.News news = feed.next(sent);
        // A line that is no message tells whether the browser is there still.
        String text = news == null ? ":\n\n" : "data: " + news.json() + "\n\n";
        sent = news == null ? sent : news.sequence();
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether one more browser may have a stream; each that may is to be let go again. */
  boolean admitStream() {
    return feed.openStream();
  }

  void releaseStream() {
    feed.closeStream();
  }

  private PageAnswer options(String key) {
    RuntimeDTO now = feed.latest();
    int slash = Math.max(0, key.indexOf('/'));
    List<Map<String, String>> rows =
        now == null
            ? List.of()
            : new ObjectOptions(now, options)
                .of(key.substring(0, slash), key.substring(slash + 1)).stream()
                    .map(
                        one -> {
                          Map<String, String> row = new LinkedHashMap<>();
                          row.put("key", one.key());
                          row.put("value", one.value());
                          row.put("origin", one.origin());
                          return row;
                        })
                    .toList();
    return PageAnswer.json(200, Map.of("options", rows));
  }

  /** The name of an object that an operator can do something to. */
  private @Nullable String name(String key) {
    RuntimeDTO now = feed.latest();
    String id = key.substring(key.indexOf('/') + 1);
    if (now == null) {
      return null;
    }
    return switch (key.substring(0, Math.max(0, key.indexOf('/')))) {
      case RuntimeChanges.PIPES ->
          now.pipes().stream()
              .filter(one -> id.equals(String.valueOf(one.id())))
              .map(PipeDTO::name)
              .findFirst()
              .orElse(null);
      case RuntimeChanges.CHANNELS ->
          now.channels().stream()
              .filter(one -> id.equals(String.valueOf(one.id())))
              .map(ChannelDTO::name)
              .findFirst()
              .orElse(null);
      case RuntimeChanges.LISTENERS ->
          now.listeners().stream()
              .filter(one -> id.equals(String.valueOf(one.id())))
              .map(ListenerDTO::name)
              .findFirst()
              .orElse(null);
      case RuntimeChanges.RELAYS ->
          now.relays().stream()
              .filter(one -> id.equals(String.valueOf(one.id())))
              .map(RelayDTO::name)
              .findFirst()
              .orElse(null);
      default -> null;
    };
  }

  /**
   * How {@link PenstockControl} names an object: by its number where it has one, or else by name.
   */
  private String reference(String key) {
    RuntimeDTO now = feed.latest();
    int slash = key.indexOf('/');
    String id = key.substring(slash + 1);
    return switch (key.substring(0, Math.max(0, slash))) {
      case RuntimeChanges.PIPES,
          RuntimeChanges.CHANNELS,
          RuntimeChanges.LISTENERS,
          RuntimeChanges.RELAYS,
          "pollers" ->
          "#" + id;
      // Several may have the same name.
      case "servers", "failed" -> "handler#" + id;
      case "awaited" ->
          (now == null ? List.<AwaitedDTO>of() : now.awaited())
              .stream()
                  .filter(one -> id.equals(one.pid()))
                  .map(AwaitedDTO::name)
                  .findFirst()
                  .orElse(id);
      default -> id;
    };
  }

  private PageAnswer why(String key) {
    PenstockControl asked = control;
    try {
      return PageAnswer.json(200, Map.of("why", asked == null ? "" : asked.why(reference(key))));
    } catch (IllegalArgumentException e) {
      // It has gone, or its name is that of several.
      return PageAnswer.json(200, Map.of("why", String.valueOf(e.getMessage())));
    }
  }

  private PageAnswer act(PageRequest request) {
    if (!request.method().equals("POST")) {
      return PageAnswer.message(405, "expected POST of this path");
    }
    if (!SameSite.holds(request)) {
      LOG.log(
          Level.WARNING,
          "an action from a page of {0} was refused",
          Messages.visible(String.valueOf(request.header("Origin"))));
      return PageAnswer.message(403, "expected a page of this server");
    }
    if (!Secret.equal(formToken, request.header("X-Penstock-Token"))) {
      return PageAnswer.message(403, "expected the token of the page; load it again");
    }
    PenstockControl asked = control;
    if (asked == null) {
      return PageAnswer.message(503, "there is no service PenstockControl");
    }
    String what = request.parameters().getOrDefault("do", "");
    String key = request.parameters().getOrDefault("key", "");
    String name = name(key);
    if (name == null) {
      return PageAnswer.message(404, "there is no object " + key);
    }
    try {
      switch (what) {
        case "close" -> asked.close(reference(key));
        case "pause" -> asked.pause(reference(key));
        case "resume" -> asked.resume(reference(key));
        default -> {
          return PageAnswer.message(400, "expected do=close, pause or resume");
        }
      }
    } catch (IllegalArgumentException e) {
      return PageAnswer.message(409, String.valueOf(e.getMessage()));
    }
    LOG.log(Level.INFO, "the operator''s page: {0} {1}", what, Messages.visible(name));
    String done = what.endsWith("e") ? what + "d" : what;
    return PageAnswer.message(200, name + " is " + done);
  }
}
