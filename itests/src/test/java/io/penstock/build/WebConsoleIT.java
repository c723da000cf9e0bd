// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.itests.support.TestBundle;
import java.io.StringReader;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.json.JsonObject;
import javax.json.JsonString;
import javax.json.JsonValue;
import org.apache.johnzon.core.JsonProviderImpl;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;

/**
 * What the configuration page of Felix's Web Console shows an operator, and what becomes of a form
 * that is saved there. Asked in the way in which the page's own script asks.
 */
class WebConsoleIT {
  /** The console's numbers for types, as the OSGi specification has them. */
  private static final Map<String, Integer> TYPES =
      Map.of("String", 1, "Long", 2, "Integer", 3, "Boolean", 11, "Password", 12);

  private static final String NEW = "__Temporary PID replaced by real PID upon save__";

  private static FelixWebConsole console;

  @BeforeAll
  static void boot(@TempDir Path storage) throws Exception {
    console = FelixWebConsole.boot(storage);
    // Of the optional bundles only what they tell, for not all that they need is here.
    try (Stream<Path> optional = Files.list(Path.of("..", "bundles"))) {
      for (Path each : optional.toList()) {
        Path classes = each.resolve("target/classes");
        TestBundle described = TestBundle.named(each.getFileName() + ".described");
        for (Path file : Metatype.files(classes)) {
          described.with(classes.relativize(file).toString(), Files.readString(file));
        }
        described.start(console.context());
      }
    }
    console.await("(&(objectClass=jakarta.servlet.Servlet)(felix.webconsole.label=configMgr))");
  }

  @AfterAll
  static void shutDown() throws Exception {
    console.shutDown();
  }

  @Test
  void eachConfigurationIsShownAsItIsDescribed() throws Exception {
    String html = ask("", null);
    String said = html.substring(html.indexOf("configData = ") + "configData = ".length());
    JsonObject offered = json(said.substring(0, said.indexOf("};") + 1));
    Map<String, String> names = new TreeMap<>();
    for (String list : List.of("pids", "fpids")) {
      for (JsonObject each : offered.getJsonArray(list).getValuesAs(JsonObject.class)) {
        names.put(each.getString("id"), each.getString("name"));
      }
    }
    List<Element> described = Metatype.ofAllBundles();
    assertTrue(described.size() > 6, () -> "only " + described.size());
    for (Element root : described) {
      String pid = Metatype.pid(root);
      Element definition = Metatype.elements(root, "OCD").get(0);
      assertEquals(definition.getAttribute("name"), names.get(pid), pid);
      JsonObject form = form(pid);
      assertEquals(definition.getAttribute("name"), form.getString("title"), pid);
      assertEquals(definition.getAttribute("description"), form.getString("description"), pid);
      Set<String> keys = new TreeSet<>();
      for (Element key : Metatype.elements(root, "AD")) {
        String id = key.getAttribute("id");
        keys.add(id);
        assertEquals(told(key), told(form.getJsonObject("properties").getJsonObject(id)), pid);
      }
      assertEquals(keys, new TreeSet<>(form.getJsonObject("properties").keySet()), pid);
    }
  }

  /** Name, type or choices, default, and the description, to which the page adds the key. */
  private static List<Object> told(Element key) {
    List<Element> options = Metatype.elements(key, "Option");
    Object type =
        options.isEmpty()
            ? TYPES.get(key.getAttribute("type"))
            : options.stream()
                .map(each -> each.getAttribute("value") + ": " + each.getAttribute("label"))
                .toList();
    return List.of(
        key.getAttribute("name"),
        type,
        // What the page shows of a secret, whether there is one or not.
        key.getAttribute("type").equals("Password")
            ? "unmodified"
            : key.getAttribute("default").replace("\\,", ","),
        key.getAttribute("description") + " (" + key.getAttribute("id") + ")");
  }

  private static List<Object> told(JsonObject key) {
    JsonValue type = key.get("type");
    Object shown;
    if (type instanceof JsonObject choices) {
      List<String> options = new ArrayList<>();
      for (int i = 0; i < choices.getJsonArray("values").size(); i++) {
        options.add(
            choices.getJsonArray("values").getString(i)
                + ": "
                + choices.getJsonArray("labels").getString(i));
      }
      shown = options;
    } else {
      shown = Integer.valueOf(type.toString());
    }
    return List.of(key.getString("name"), shown, value(key), key.getString("description"));
  }

  private static String value(JsonObject key) {
    JsonValue value = key.get("value");
    return value instanceof JsonString text ? text.getString() : String.valueOf(value);
  }

  /** What stays as the page shows it means the defaults, whatever its type. */
  @ParameterizedTest
  @CsvSource({
    "io.penstock.Pipe, Pipe, capacity=128KiB",
    "io.penstock.Channel, Channel, endpoint=echo:",
    "io.penstock.Listener, Listener, endpoint=mem-listen:web",
    "io.penstock.Listener, Listener, endpoint=mem-listen:two&backlog=5&maxConnections=7",
    "io.penstock.Relay, Relay, from=mem-listen:web-from&to=echo:&fork=true"
  })
  void aFormThatIsFilledInMakesTheObject(String pid, String type, String typed) throws Exception {
    String name = "web-" + Integer.toHexString(typed.hashCode());
    Map<String, String> values = new TreeMap<>();
    JsonObject properties = form(pid).getJsonObject("properties");
    properties.keySet().forEach(key -> values.put(key, value(properties.getJsonObject(key))));
    for (String pair : (typed + "&penstock.name=" + name).split("&")) {
      assertTrue(values.containsKey(pair.split("=", 2)[0]), pair);
      values.put(pair.split("=", 2)[0], pair.split("=", 2)[1]);
    }
    values.put("propertylist", String.join(",", properties.keySet()));
    values.putAll(Map.of("apply", "true", "action", "ajaxConfigManager", "factoryPid", pid));
    StringJoiner body = new StringJoiner("&");
    values.forEach((key, value) -> body.add(encoded(key) + "=" + encoded(value)));

    ask("/" + encoded(NEW), body.toString());

    console.await("(&(objectClass=io.penstock.*." + type + ")(penstock.name=" + name + "))");
  }

  private static JsonObject form(String pid) throws Exception {
    return json(ask("/" + pid + "?post=true&create=1", null));
  }

  private static JsonObject json(String text) {
    return new JsonProviderImpl().createReader(new StringReader(text)).readObject();
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, UTF_8).replace("+", "%20");
  }

  /** Asks the page, as its administrator; with a body it is posted. */
  private static String ask(String path, String body) throws Exception {
    HttpRequest.Builder request = console.asAdministrator("configMgr" + path);
    if (body != null) {
      request.header("Content-Type", "application/x-www-form-urlencoded");
      request.POST(BodyPublishers.ofString(body));
    }
    HttpResponse<String> response = FelixWebConsole.send(request);
    assertTrue(
        response.statusCode() == (body == null ? 200 : 302),
        () -> path + ": " + response.statusCode() + " " + response.body());
    return response.body();
  }
}
