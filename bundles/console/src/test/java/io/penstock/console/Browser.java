// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.ScriptTimeoutException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** A headless Chromium, with what the tests ask of it. */
final class Browser implements AutoCloseable {
  private static final Duration SOON = Duration.ofSeconds(20);

  /** Of which the title of the page is name enough. */
  private static final Set<String> WHOLE = Set.of("RootWebArea", "main");

  private static final Set<String> NAMED = Set.of("dialog", "image", "region", "table");

  /** Where pictures go; those of the manual, if they are to be written. */
  private static final Path PICTURES =
      Boolean.getBoolean("pictures.write")
          ? Path.of("../../docs/pictures")
          : Path.of("target/pictures");

  final ChromeDriver driver;

  private Browser(ChromeDriver driver) {
    this.driver = driver;
  }

  /** Starts one; the test is skipped where there is none. */
  static Browser start() {
    File chromium = program("chromium", "chromium-browser", "google-chrome");
    File chromedriver = program("chromedriver");
    assumeTrue(
        chromium != null && chromedriver != null,
        "there is no Chromium with its driver; apt-get install chromium chromium-driver");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium);
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        "--lang=en-GB");
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder().usingDriverExecutable(chromedriver).build();
    ChromeDriver driver = new ChromeDriver(service, options);
    driver.manage().timeouts().scriptTimeout(Duration.ofMinutes(2));
    return new Browser(driver);
  }

  private static @Nullable File program(String... names) {
    return Stream.of(names)
        .flatMap(
            name ->
                Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                    .map(folder -> new File(folder, name)))
        .filter(File::canExecute)
        .findFirst()
        .orElse(null);
  }

  void size(int width, int height) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  void scheme(String scheme) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(
                Map.of("name", "prefers-color-scheme", "value", scheme),
                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
  }

  /** Has a script run before those of each page from now on; gives what ends that. */
  AutoCloseable before(String script) {
    String id =
        (String)
            driver
                .executeCdpCommand(
                    "Page.addScriptToEvaluateOnNewDocument", Map.of("source", script))
                .get("identifier");
    return () ->
        driver.executeCdpCommand(
            "Page.removeScriptToEvaluateOnNewDocument", Map.of("identifier", id));
  }

  /**
   * The milliseconds that the page's thread has had of a core: script, style, layout and the rest
   * of the page's tasks.
   */
  double processorMillis() {
    Object metrics = driver.executeCdpCommand("Performance.getMetrics", Map.of()).get("metrics");
    return ((List<?>) metrics)
            .stream()
                .map(one -> (Map<?, ?>) one)
                .filter(one -> "TaskDuration".equals(one.get("name")))
                .mapToDouble(one -> ((Number) one.get("value")).doubleValue())
                .findFirst()
                .orElseThrow()
        * 1e3;
  }

  /**
   * The milliseconds of a core that a script takes, which calls its last argument at its end: with
   * nothing, or with what has failed.
   */
  double cost(String script) {
    double before = processorMillis();
    assertNull(driver.executeAsyncScript(script), script);
    return processorMillis() - before;
  }

  /** Counts the processor's time of the page from now on, and not the clock's. */
  void countProcessorTime() {
    driver.executeCdpCommand("Performance.disable", Map.of());
    driver.executeCdpCommand("Performance.enable", Map.of("timeDomain", "threadTicks"));
  }

  Object script(String text, Object... arguments) {
    return driver.executeScript(text, arguments);
  }

  /** Waits until something holds, which the browser is asked for again and again. */
  void until(String what, Supplier<Boolean> holds) {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (!holds.get()) {
      assertTrue(System.nanoTime() < deadline, () -> what + ": " + body());
      try {
        // One frame later.
        driver.executeAsyncScript("requestAnimationFrame(arguments[arguments.length - 1])");
      } catch (ScriptTimeoutException e) {
        // The page was loaded anew meanwhile, and has forgotten whom to tell of its frame.
      }
    }
  }

  WebElement find(String selector) {
    until(selector, () -> !driver.findElements(By.cssSelector(selector)).isEmpty());
    return driver.findElement(By.cssSelector(selector));
  }

  List<WebElement> all(String selector) {
    return driver.findElements(By.cssSelector(selector));
  }

  String text(String selector) {
    return Objects.toString(
        script("return document.querySelector(arguments[0])?.textContent", selector), "");
  }

  void untilText(String selector, String part) {
    until(selector + " has '" + part + "'", () -> text(selector).contains(part));
  }

  String body() {
    return Objects.toString(script("return document.body.innerText.slice(0, 4000)"), "");
  }

  /** No rule of accessibility is broken on the page as it is now. */
  void isAccessible(String what) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(Browser.class.getResourceAsStream("/axe.min.js"))) {
      script(new String(in.readAllBytes(), StandardCharsets.UTF_8) + "; window.axe = axe;");
    }
    Object violations =
        driver.executeAsyncScript(
            "const done = arguments[arguments.length - 1];"
                + "axe.run(document).then((all) => done(all.violations.map((one) => one.id + ': '"
                + " + one.nodes.map((node) => node.target + ' ' + node.failureSummary).join(' | '))),"
                + " (failure) => done([String(failure)]));");
    assertEquals(List.of(), violations, what);
    assertEquals(List.of(), nameless(), what);
  }

  /** What a screen reader stops at, or leads to, without a name to say. */
  private List<String> nameless() {
    driver.executeCdpCommand("Accessibility.enable", Map.of());
    Object tree = driver.executeCdpCommand("Accessibility.getFullAXTree", Map.of()).get("nodes");
    List<String> nameless = new ArrayList<>();
    for (Object each : (List<?>) tree) {
      Map<?, ?> node = (Map<?, ?>) each;
      String role = value(node.get("role"));
      boolean stop =
          node.get("properties") instanceof List<?> properties
              && properties.stream()
                  .map(one -> (Map<?, ?>) one)
                  .anyMatch(one -> "focusable".equals(one.get("name")));
      boolean told = (stop && !WHOLE.contains(role)) || NAMED.contains(role);
      if (!Boolean.TRUE.equals(node.get("ignored"))
          && told
          && (value(node.get("name")).isBlank() || role.equals("generic"))) {
        nameless.add(role + " " + node);
      }
    }
    return nameless;
  }

  private static String value(@Nullable Object holder) {
    return holder instanceof Map<?, ?> map ? String.valueOf(map.get("value")) : "";
  }

  /** Nothing sticks out of the page to the right. */
  void fits() {
    Object wide =
        script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assertEquals(0L, wide);
  }

  /** What the browser has complained of since the last time. */
  List<String> complaints() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .map(Object::toString)
        .toList();
  }

  void picture(String name) throws IOException {
    Files.createDirectories(PICTURES);
    Files.write(PICTURES.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
  }

  @Override
  public void close() {
    driver.quit();
  }
}
