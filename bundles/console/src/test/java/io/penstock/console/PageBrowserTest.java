// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.PenstockEvent;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The page in a real browser: each view, each action, in light and dark, narrow and wide. */
@DisabledIfEnvironmentVariable(
    named = "PENSTOCK_ELSEWHERE",
    matches = ".*\\bbrowser\\b.*",
    disabledReason = "tried in the build beside this one")
class PageBrowserTest {
  private static final String ORDERS = "#/o/pipes%2F2";
  // What the page costs is told in plain tables of its size, which the same browser draws in the
  // same round: that says the same on each machine, and where others want every core. To draw took
  // 1.9 to 4 of them.
  private static final int ROUNDS = 5;
  private static final double DRAWN_TABLES = 4;
  // Of so many objects there is news every other second. Here it comes without a pause, since on
  // some machines memory that has rested is slow: ten news took 10 to 14 tables, and 16 to 17 where
  // each told all of all objects and had the graph drawn anew.
  private static final int NEWS = 10;
  private static final double TOLD_TABLES = 15;
  private static final String PLAIN =
      """
      const done = arguments[arguments.length - 1];
      const body = document.createElement('tbody');
      for (let row = 0; row < 100; row++) {
        const line = body.insertRow();
        for (let cell = 0; cell < 10; cell++) {
          line.insertCell().textContent = `pipe ${row}, ${cell}`;
        }
      }
      const table = document.createElement('table');
      table.append(body);
      document.body.append(table);
      table.getBoundingClientRect();
      table.remove();
      done();
      """;
  private static final String DRAW =
      """
      const done = arguments[arguments.length - 1];
      import('/overview.js').then(({ overview }) => {
        const main = document.getElementById('content');
        overview(main);
        main.getBoundingClientRect();
        done();
      }, (failure) => done(String(failure)));
      """;

  /** Has the page's clock go on by two seconds with each news. */
  private static final String QUICK =
      """
      const now = performance.now.bind(performance);
      let ahead = 0;
      performance.now = () => now() + ahead;
      window.drawn = 0;
      new MutationObserver(() => {
        ahead += 2000;
        requestAnimationFrame(() => setTimeout(() => window.drawn++));
      }).observe(document.body, { attributeFilter: ['data-drawn'] });
      """;

  private static Browser browser;

  private final Plumbing plumbing = new Plumbing();
  private final OperatorPage page =
      new OperatorPage(
          plumbing,
          plumbing,
          (pid, name) ->
              List.of(
                  new KnownOptions.Option("capacity", "64KiB", pid + "~" + name),
                  new KnownOptions.Option("spin", "auto", "the default")));
  private PageServer server;

  @BeforeAll
  static void startBrowser() {
    browser = Browser.start();
  }

  @AfterAll
  static void endBrowser() {
    if (browser != null) {
      browser.close();
    }
  }

  @BeforeEach
  void start() throws Exception {
    server = PageServer.start("127.0.0.1:0", page);
    browser.size(1200, 900);
    browser.scheme("light");
    page.event(
        new PenstockEvent(
            PenstockEvent.Type.FAILED,
            "relay",
            "out",
            "pipe:orders",
            null,
            "refused by " + Plumbing.MARKUP,
            System.currentTimeMillis()));
  }

  @AfterEach
  void nothingWasComplainedOf() {
    try {
      assertEquals(List.of(), browser.complaints());
    } finally {
      browser.driver.get("about:blank");
      server.close();
      page.deactivate();
    }
  }

  private void open() {
    browser.driver.get(server.url());
    browser.find(".objects tbody tr");
  }

  private void openOrders() {
    open();
    browser.driver.get(server.address() + "/" + ORDERS);
    browser.find("#options td");
    browser.untilText("#why", "waits for bytes");
  }

  @Test
  void whoHasNoTokenSeesAForm() throws Exception {
    browser.driver.get(server.address() + "/");
    assertEquals("Penstock", browser.find("h1").getText());
    browser.isAccessible("the form");
    // A browser says so itself when an answer has status 401.
    assertEquals(1, browser.complaints().size());
    browser.find("#token").sendKeys(server.url().replaceFirst(".*token=", ""), Keys.ENTER);
    browser.find(".objects tbody tr");
    assertEquals(server.address() + "/", browser.driver.getCurrentUrl());
  }

  @Test
  void theOverviewShowsEachKindInShapesAndColours() throws Exception {
    open();
    assertEquals("live", browser.text("#connection"));
    assertEquals(13, browser.all(".objects tbody tr").size());
    String table = browser.text(".objects tbody");
    for (String expected :
        List.of(
            "■ full",
            "✕ failed",
            "‖ paused",
            "✕ not served",
            "✕ not there",
            "4.8 MiB/s",
            "64.0 KiB of 64.0 KiB")) {
      assertTrue(table.contains(expected), expected + " in " + table);
    }
    browser.untilText("#summary", "77 of 1024 descriptors");
    // What is text stays text.
    assertTrue(table.contains(Plumbing.MARKUP), table);
    assertTrue(browser.text("#events").contains("refused by " + Plumbing.MARKUP));
    assertEquals(0, browser.all("main img").size());
    // A failed edge, a full one and a paused one have a mark each, and the failed one is dashed.
    assertEquals(1, browser.all(".graph a.failed[data-key='relays/31'] .mark").size());
    assertEquals(1, browser.all(".graph a.full[data-key='pipes/3'] .mark").size());
    assertEquals(1, browser.all(".graph a.paused[data-key='relays/32'] .mark").size());
    assertNotEquals("none", dashes(".graph a[data-key='relays/31'] .edge"));
    assertEquals("none", dashes(".graph a[data-key='pipes/2'] .edge"));
    assertTrue(width("pipes/2") > width("relays/30"), "the faster edge is not the wider one");
    assertTrue(width("relays/30") > width("pipes/3"), "an idle edge is as wide as a busy one");
    // The relays lead to the pipe that they name: it is one graph.
    String edge = browser.find(".graph a[data-key='relays/30']").getDomAttribute("aria-label");
    assertEquals("relay in, moving, 244 KiB/s", edge);
    plumbing.first = "archive";
    browser.untilText(".graph", "pipe:archive in");
    browser.isAccessible("the overview, light");
    browser.picture("overview-light");
    browser.scheme("dark");
    browser.isAccessible("the overview, dark");
    browser.picture("overview-dark");
    browser.size(360, 740);
    browser.fits();
    browser.isAccessible("the overview, narrow");
    browser.picture("overview-narrow");
  }

  private static Object dashes(String selector) {
    return browser.script(
        "return getComputedStyle(document.querySelector(arguments[0])).strokeDasharray", selector);
  }

  private static double width(String key) {
    return Double.parseDouble(
        browser.find(".graph a[data-key='" + key + "'] .edge").getDomAttribute("stroke-width"));
  }

  @Test
  void searchFilterAndSortNarrowTheTableAndTheGraph() {
    open();
    browser.find("body").sendKeys("/");
    WebElement search = browser.driver.switchTo().activeElement();
    assertEquals("search", search.getDomAttribute("id"));
    search.sendKeys("stall");
    browser.untilText("#count", "1 of 13");
    assertEquals(1, browser.all(".graph a[data-key]").size());
    search.clear();
    search.sendKeys("no such thing");
    browser.untilText("#count", "0 of 13");
    browser.untilText(".graph", "Nothing to draw");
    search.clear();
    search.sendKeys(" ");
    browser.untilText("#count", "13 of 13");
    browser.find("#trouble").click();
    browser.untilText("#count", "8 of 13");
    browser.find("#kind option[value=relays]").click();
    browser.untilText("#count", "2 of 13");
    browser.find("#trouble").click();
    browser.untilText("#count", "3 of 13");
    browser.find("#kind option[value='']").click();
    browser.find(".objects thead th:nth-child(5) button").click();
    assertEquals(
        "descending", browser.find(".objects thead th:nth-child(5)").getDomAttribute("aria-sort"));
    assertEquals("orders", browser.text(".objects tbody tr:first-child a"));
  }

  @Test
  void theKeyboardSuffices() {
    open();
    // The link is off the page until the first Tab reaches it.
    browser.find("body").sendKeys(Keys.TAB);
    WebElement skip = browser.driver.switchTo().activeElement();
    assertEquals("skip", skip.getDomAttribute("class"));
    assertTrue(skip.getRect().getX() >= 0, "a link that has the focus is on the page");
    skip.sendKeys(Keys.ENTER);
    assertEquals("content", browser.driver.switchTo().activeElement().getDomAttribute("id"));
    WebElement first = browser.find(".objects tbody tr:first-child a");
    first.sendKeys(Keys.ARROW_DOWN);
    String second = browser.text(".objects tbody tr:nth-child(2) a");
    WebElement active = browser.driver.switchTo().activeElement();
    assertEquals(second, active.getText());
    active.sendKeys(Keys.ARROW_UP);
    browser.driver.switchTo().activeElement().sendKeys(Keys.ENTER);
    browser.find("#state");
    assertEquals("content", browser.driver.switchTo().activeElement().getDomAttribute("id"));
    browser.find("body").sendKeys(Keys.ESCAPE);
    browser.find(".objects tbody tr");
    // An edge of the graph is a link.
    browser.find(".graph a[data-key='pipes/3']").sendKeys(Keys.ENTER);
    browser.untilText("h1", "pipe stalled");
  }

  @Test
  void anObjectHasPlotsWaitersOptionsAndEvents() throws Exception {
    page.event(
        new PenstockEvent(
            PenstockEvent.Type.FAILED, "pipe", "out", "", null, "of another kind", 12));
    openOrders();
    assertEquals("pipe orders", browser.text("h1"));
    assertTrue(browser.text("#waiters").contains("reader of orders reads, since"));
    assertTrue(browser.text("#waiters pre").contains("io.example.Reader.read(Reader.java:12)"));
    assertTrue(browser.text("#why").contains("#2 waits for bytes of " + Plumbing.MARKUP));
    assertTrue(browser.text("#options").contains("io.penstock.Pipe~orders"));
    browser.until(
        "two samples are joined by a line",
        () ->
            browser.all(".plot .line").stream()
                    .filter(line -> String.valueOf(line.getDomAttribute("d")).contains("L"))
                    .count()
                >= 3);
    assertTrue(browser.text(".plot:first-child svg").contains("now−2 min−4 min"));
    assertTrue(browser.text(".plot:first-child svg").contains("MiB/s"));
    assertTrue(browser.text(".plot:last-child svg").contains("KiB"));
    browser.isAccessible("an object, light");
    browser.picture("object-light");
    browser.scheme("dark");
    browser.isAccessible("an object, dark");
    browser.picture("object-dark");
    browser.size(360, 740);
    browser.fits();
    browser.isAccessible("an object, narrow");
    for (Map.Entry<String, String> one :
        Map.of(
                "pipes/1", "Last failure",
                "channels/10", "tcp://10.0.0.7:80 (peer /10.0.0.7:80)",
                "listeners/20", "Connections4 of 4",
                "relays/31", "7 in all: ConnectException: refused by " + Plumbing.MARKUP,
                "pollers/40", "Wherepenstock-poller-1",
                "servers/51", "/127.0.0.1:5, 3 frames, waits for nothing",
                "failed/61", "ReasonSCHEME",
                "awaited/io.penstock.Channel~later", "Tries4")
            .entrySet()) {
      browser.script("location.hash = '#/o/' + encodeURIComponent(arguments[0])", one.getKey());
      browser.untilText("main", one.getValue());
      browser.fits();
      browser.isAccessible(one.getKey());
    }
    browser.script("location.hash = '#/o/pipes%2F1'");
    browser.untilText("h1", "pipe " + Plumbing.MARKUP);
    browser.untilText("#options", "io.penstock.Pipe~" + Plumbing.MARKUP);
    assertTrue(browser.text("main").contains("Options"));
    browser.script("location.hash = '#/o/relays%2F31'");
    browser.untilText("#events", "failed pipe:orders");
    assertFalse(browser.text("#events").contains("of another kind"));
    browser.script("location.hash = '#/o/pipes%2F404'");
    browser.untilText("h1", "Not there");
    browser.isAccessible("what is not there");
  }

  @Test
  void pauseAndCloseAskFirst() throws Exception {
    openOrders();
    browser.find("#pause").click();
    browser.until("the question", () -> browser.find("#confirm").isDisplayed());
    assertEquals("Pause pipe orders?", browser.text("#confirm-title"));
    assertEquals("confirm-no", browser.driver.switchTo().activeElement().getDomAttribute("id"));
    browser.isAccessible("the question");
    browser.picture("question");
    browser.find("#confirm-no").click();
    browser.find("#close").click();
    browser.driver.switchTo().activeElement().sendKeys(Keys.ESCAPE);
    browser.until("no question", () -> !browser.find("#confirm").isDisplayed());
    assertNull(plumbing.done.poll());
    browser.find("#pause").click();
    browser.find("#confirm-yes").click();
    assertEquals("pause #2", plumbing.done.poll(10, TimeUnit.SECONDS));
    browser.untilText("#said", "orders is paused");
    browser.untilText("#state", "‖ paused");
    browser.isAccessible("what is paused");
    browser.find("#resume").click();
    assertEquals("resume #2", plumbing.done.poll(10, TimeUnit.SECONDS));
    browser.untilText("#state", "▶ moving");
    browser.find("#close").click();
    assertEquals("Close", browser.text("#confirm-yes"));
    browser.find("#confirm-yes").click();
    assertEquals("close #2", plumbing.done.poll(10, TimeUnit.SECONDS));
    browser.untilText("#said", "orders is closed");
  }

  @Test
  void whatIsRefusedIsSaid() {
    open();
    browser.script("location.hash = '#/o/channels%2F10'");
    browser.find("#pause").click();
    browser.find("#confirm-yes").click();
    browser.untilText("#said", "one caller only: " + Plumbing.MARKUP);
    // A browser says so itself when an answer has status 409.
    assertEquals(1, browser.complaints().size());
  }

  @Test
  void changesComeByEventsAndByAsking() {
    open();
    browser.driver.get(server.address() + "/?poll#/");
    browser.untilText("#connection", "asked for each second");
    browser.untilText(".objects tbody", "4.8 MiB/s");
    plumbing.speed = 2 << 20;
    browser.untilText(".objects tbody", "2.0 MiB/s");
    browser.driver.get(server.address() + "/");
    browser.untilText("#connection", "live");
    browser.untilText(".objects tbody", "2.0 MiB/s");
    plumbing.speed = 3 << 20;
    browser.untilText(".objects tbody", "3.0 MiB/s");
    assertFalse(browser.text("#connection").contains("asked"));
  }

  @Test
  void whereThereAreNoEventsThePageAsks() throws Exception {
    AutoCloseable without = browser.before("delete window.EventSource");
    try {
      open();
      browser.untilText("#connection", "asked for each second");
      plumbing.speed = 2 << 20;
      browser.untilText(".objects tbody", "2.0 MiB/s");
    } finally {
      without.close();
    }
  }

  @Test
  void whoGetsNoStreamAsks() {
    for (int i = 0; i < LiveFeed.MOST_STREAMS; i++) {
      assertTrue(page.admitStream());
    }
    open();
    browser.untilText("#connection", "asked for each second");
    plumbing.speed = 2 << 20;
    browser.untilText(".objects tbody", "2.0 MiB/s");
    // A browser says so itself when an answer has status 503.
    assertEquals(1, browser.complaints().size());
  }

  @Test
  void aServerThatIsBackIsAskedAgain() throws Exception {
    open();
    browser.untilText("#connection", "live");
    String address = server.address().substring("http://".length());
    server.close();
    browser.untilText("#connection", "the connection is lost");
    server = PageServer.start(address, page);
    // It has another token: the page is loaded again, and asks for that.
    browser.untilText("h1", "Penstock");
    browser.find("#token");
    assertFalse(browser.complaints().isEmpty());
  }

  @Test
  void aPlotHasTenMinutesWithAxesAndUnits() {
    open();
    Object drawn =
        browser.driver.executeAsyncScript(
            "const done = arguments[arguments.length - 1];"
                + "import('/plot.js').then(({ plot }) => {"
                + "  const { figure, show } = plot('Rate', 'B/s', ['read', 'written']);"
                + "  const now = 1e12;"
                + "  const samples = [];"
                // Twelve minutes, of which a part is not known.
                + "  for (let second = -720; second <= 0; second++) {    const known = second <"
                + " -300 || second > -240;    samples.push({ at: now + second * 1000,      values:"
                + " [known ? 3 << 20 : null, second === 0 ? 1536 : null] });  }  show(samples,"
                + " now);  document.getElementById('content').replaceChildren(figure);  const texts"
                + " = [...figure.querySelectorAll('text')].map((one) => one.textContent); "
                + " done([figure.querySelector('h2').textContent, texts.join(' '),   "
                + " figure.querySelector('.line').getAttribute('d'),   "
                + " figure.querySelector('figcaption').textContent,   "
                + " figure.querySelector('svg').getAttribute('aria-label')]);}, (failure) =>"
                + " done([String(failure)]));");
    List<String> plot = ((List<?>) drawn).stream().map(String::valueOf).toList();
    assertEquals("Rate (B/s)", plot.get(0));
    assertEquals(
        "0 B/s 1.0 MiB/s 2.0 MiB/s 3.0 MiB/s 4.0 MiB/s now −2 min −4 min −6 min −8 min −10 min",
        plot.get(1));
    // From the left edge to the right one, with a gap where nothing is known.
    List<String> parts = List.of(plot.get(2).split("M"));
    assertEquals(3, parts.size(), plot.get(2));
    assertTrue(parts.get(1).startsWith("74.0 "), parts.get(1));
    assertEquals(300, parts.get(1).split("L").length);
    assertEquals(240, parts.get(2).split("L").length);
    assertTrue(parts.get(2).matches(".*L510\\.0 49\\.5"), parts.get(2));
    assertEquals("read (solid): 3.0 MiB/s, written (dashed): 1.5 KiB/s", plot.get(3));
    assertTrue(plot.get(4).startsWith("Rate over ten minutes; now read"), plot.get(4));
    assertTrue(plot.get(4).endsWith("at most 3.0 MiB/s"), plot.get(4));
  }

  @Test
  void theGraphIsDrawnAnewOnlyWhereItsShapeIsAnother() {
    plumbing.speed = 2 << 20;
    open();
    String orders = ".graph a[data-key='pipes/2']";
    browser.untilText(orders + " text", "2.0 MiB/s");
    browser.script("document.querySelector(arguments[0]).dataset.seen = 'yes'", orders);
    double wide = width("pipes/2");
    plumbing.speed = 300 << 20;
    browser.untilText(orders + " text", "300 MiB/s");
    assertEquals("pipe orders, moving, 300 MiB/s", browser.text(orders + " title"));
    assertEquals(
        "pipe orders, moving, 300 MiB/s", browser.find(orders).getDomAttribute("aria-label"));
    assertTrue(width("pipes/2") > wide, "the edge is no wider");
    assertEquals("yes", browser.find(orders).getDomAttribute("data-seen"));
    plumbing.paused = true;
    browser.find(orders + ".paused .mark");
    assertNull(browser.find(orders).getDomAttribute("data-seen"));
    assertEquals("", browser.text(orders + " text"));
    // What has come goes again.
    plumbing.paused = false;
    plumbing.failure = new FaultDTO("refused", 12, 1);
    browser.find(orders + ".failed .mark");
    plumbing.failure = null;
    browser.untilText(orders + " text", "300 MiB/s");
    assertEquals(0, browser.all(orders + " .mark").size());
  }

  @Test
  void aThousandPipesAreDrawnAtOnce() throws Exception {
    plumbing.more = 1000;
    open();
    browser.untilText("#count", "of 1013");
    assertEquals(100, browser.all(".objects tbody tr").size());
    browser.find(".pages button:last-child").click();
    browser.untilText("#count", "101 to 200 of 1013");
    browser.countProcessorTime();
    assertCheap("to draw a thousand pipes", DRAWN_TABLES, () -> browser.cost(DRAW));
    // All of them move, and each news is of all.
    browser.driver.get(server.address() + "/");
    browser.untilText("#count", "of 1013");
    browser.countProcessorTime();
    browser.script(QUICK);
    tellNews();
    assertCheap(
        NEWS + " news of a thousand pipes that move",
        TOLD_TABLES,
        () -> {
          double before = browser.processorMillis();
          tellNews();
          return browser.processorMillis() - before;
        });
  }

  private void tellNews() {
    for (int i = 0; i < NEWS; i++) {
      Object drawn = browser.script("return window.drawn");
      // Every other look is told.
      page.feed.look();
      page.feed.look();
      browser.until("news", () -> !drawn.equals(browser.script("return window.drawn")));
    }
  }

  private static void assertCheap(String what, double most, Callable<Double> millis)
      throws Exception {
    double least = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS && least >= most; round++) {
      double plain = Math.min(browser.cost(PLAIN), browser.cost(PLAIN));
      double cost = millis.call();
      plain = Math.min(plain, browser.cost(PLAIN));
      least = Math.min(least, cost / plain);
      System.out.printf("%s: %.1f ms of a core, a plain table: %.1f%n", what, cost, plain);
    }
    assertTrue(least < most, what + " costs " + least + " plain tables");
  }
}
