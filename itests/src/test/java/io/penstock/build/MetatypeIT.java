// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;

/**
 * Each key of each configuration has what an operator needs in a form of the Web Console: a name, a
 * description, a type, a default unless it is required, its range and its choices. The range of a
 * size or of a duration, which is text to Metatype, is a part of the description.
 */
class MetatypeIT {
  /** The forms that a text may have; each description names one, with its range. */
  private static final List<Pattern> FORMS =
      Stream.of(
              "Text\\.",
              "A duration: a number with ms, s, m or h, or ISO-8601; (more than 0ms|\\w+ or more)\\.",
              "A duration in ms or ISO-8601, from 0ms(, which parks it at once,)? to 0\\.05ms, or"
                  + " 'auto' to have it learned\\.",
              "Bytes( a second)?, or a number with KiB(, MiB or GiB| or MiB);"
                  + " \\d+ ?(byte|KiB)s? (or more|to \\d ?[GM]iB)[.,;]",
              "SCHEME(-listen)?:ADDRESS, such as \\S+[;,]",
              "HOST:PORT( of this machine)?, such as \\S+[;,]",
              "A path[.,]",
              "A filter, such as \\S+[.]",
              "Names separated by commas,",
              "KEY=VALUE, separated by commas\\.")
          .map(Pattern::compile)
          .toList();

  private static final Pattern NUMBER = Pattern.compile("A number, (\\d+) or more[.;]");

  @Test
  void eachKeyIsToldWhole() throws Exception {
    List<Element> all = Metatype.ofAllBundles();
    List<String> faults = new ArrayList<>();
    for (Element root : all) {
      faults.addAll(faults(root));
    }
    assertEquals(List.of(), faults);
    Set<String> pids = all.stream().map(Metatype::pid).collect(Collectors.toSet());
    assertTrue(
        pids.containsAll(Set.of("io.penstock.Pipe", "io.penstock.Relay", "io.penstock.Shell")),
        () -> "only " + pids);
  }

  private static List<String> faults(Element root) {
    List<String> faults = new ArrayList<>();
    String pid = Metatype.pid(root);
    for (Element definition : Metatype.elements(root, "OCD")) {
      named(pid, definition, faults);
    }
    for (Element key : Metatype.elements(root, "AD")) {
      String id = pid + ": " + key.getAttribute("id");
      named(id, key, faults);
      if (key.hasAttribute("default") == !"false".equals(key.getAttribute("required"))) {
        faults.add(id + ": neither a default nor required, or both");
      }
      if (key.getAttribute("id").startsWith(".") != "Password".equals(type(key))) {
        faults.add(id + ": type " + type(key) + ": keys with a dot are secrets, and no others");
      }
      String form = form(key);
      if (!form.isEmpty()) {
        faults.add(id + ": " + form + ": " + key.getAttribute("description"));
      }
    }
    return faults;
  }

  private static void named(String id, Element element, List<String> faults) {
    String name = element.getAttribute("name");
    if (!name.matches("[A-Z][A-Za-z :-]+") || name.equals(element.getAttribute("id"))) {
      faults.add(id + ": no name for people: '" + name + "'");
    }
    String description = element.getAttribute("description");
    if (!description.matches("[A-Z]\\p{ASCII}{10,}\\.")) {
      faults.add(id + ": no sentence as description: '" + description + "'");
    }
  }

  private static String type(Element key) {
    return key.getAttribute("type");
  }

  /** What is wrong with what is said of the values; empty if nothing is. */
  private static String form(Element key) {
    String said = key.getAttribute("description");
    List<Element> choices = Metatype.elements(key, "Option");
    if (!choices.isEmpty()) {
      return choices(key, choices, said);
    }
    return switch (type(key)) {
      case "Boolean" ->
          said.matches(".*\\btrue\\b.*\\bfalse\\b.*") ? "" : "does not say what true and false are";
      case "Integer", "Long" -> {
        var least = NUMBER.matcher(said);
        boolean any = said.contains("A number, negative too.");
        yield any && !key.hasAttribute("min") && !key.hasAttribute("max")
                || least.find()
                    && least.group(1).equals(key.getAttribute("min"))
                    && key.hasAttribute("max")
            ? ""
            : "no range, or another than min and max: 'A number, MIN or more'";
      }
      case "String", "Password" -> {
        long forms = FORMS.stream().filter(form -> form.matcher(said).find()).count();
        yield forms == 1 ? "" : "names " + forms + " forms with a range, not one of " + FORMS;
      }
      default -> "type " + type(key) + " is none that our configurations have";
    };
  }

  private static String choices(Element key, List<Element> choices, String said) {
    Set<String> values =
        choices.stream().map(each -> each.getAttribute("value")).collect(Collectors.toSet());
    if (choices.stream().anyMatch(each -> each.getAttribute("label").isBlank())) {
      return "a choice without a label";
    }
    if (key.hasAttribute("default") && !values.contains(key.getAttribute("default"))) {
      return "the default is none of the choices";
    }
    return values.stream().allMatch(said::contains) ? "" : "does not name each choice";
  }

  /** A description with one change of one attribute, "attribute=value", or without it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "name= | | no name for people",
        "name=size | | no name for people",
        "name=%size | | no name for people",
        "description= | | no sentence",
        "description=How much there is. | | names 0 forms",
        "description=How long. A duration. | | names 0 forms",
        "required=true | | neither a default nor required, or both",
        "default | | neither a default nor required, or both",
        "type=Float | | none that our configurations have",
        "type=Password | | keys with a dot are secrets",
        "id=.size | | keys with a dot are secrets",
        "type=Boolean | | what true and false are",
        "type=Integer | | no range",
        "description=How many. A number, 2 or more.;type=Integer;min=1;max=9 | | no range",
        "description=How many. A number, 1 or more.;type=Integer;min=1 | | no range",
        "description=Which one, 1KiB. | <Option label='' value='1KiB'/> | without a label",
        "description=Which one, a or b. | <Option label='a' value='a'/> | none of the choices",
        "description=Which one there is. | <Option label='a' value='1KiB'/> | name each choice"
      })
  void whatIsMissingIsFound(String change, String inside, String fault) throws Exception {
    Map<String, String> attributes = new TreeMap<>();
    attributes.put("id", "size");
    attributes.put("name", "Size");
    attributes.put("type", "String");
    attributes.put("required", "false");
    attributes.put("default", "1KiB");
    attributes.put("description", "How much. Bytes, or a number with KiB or MiB; 1 byte or more.");
    assertEquals(List.of(), faults(planted(attributes, "")));
    for (String each : change.split(";(?=\\w+=)")) {
      String[] pair = each.split("=", 2);
      if (pair.length == 1) {
        attributes.remove(pair[0]);
      } else {
        attributes.put(pair[0], pair[1]);
      }
    }
    List<String> faults = faults(planted(attributes, inside == null ? "" : inside));
    assertTrue(faults.toString().contains(fault), () -> "found: " + faults);
  }

  private static Element planted(Map<String, String> attributes, String inside) throws Exception {
    StringBuilder text =
        new StringBuilder("<M><OCD id='o' name='Planted' description='A planted one.'><AD");
    attributes.forEach((key, value) -> text.append(" " + key + "='" + value + "'"));
    text.append(">" + inside + "</AD></OCD><Designate pid='p'/></M>");
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    return Metatype.read(new ByteArrayInputStream(bytes));
  }
}
