// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.parity;

import io.penstock.testing.contract.Case;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Disabled;

/** Finds what is wrong with the table that maps each parity row to its API and its test. */
final class ParityCheck {
  private static final Pattern ROW =
      Pattern.compile("\\|\\s*([A-Z]{2}-\\d{2})\\s*\\|([^|]*)\\|([^|]*)\\|\\s*");
  private static final Pattern NAME = Pattern.compile("`([\\w.$]+)(?:#(\\w+))?`");

  /** Names of a bundle that is built on this one, and checks them itself. */
  private static final String ELSEWHERE = "io.penstock.ssh.";

  /** Every row of the five reference systems, as prefix and number of the last one. */
  static final Map<String, Integer> RANGES = ranges();

  private ParityCheck() {}

  private static Map<String, Integer> ranges() {
    Map<String, Integer> ranges = new LinkedHashMap<>();
    ranges.put("BP", 20);
    ranges.put("CH", 56);
    ranges.put("CF", 16);
    ranges.put("PY", 47);
    ranges.put("UV", 26);
    ranges.put("YA", 26);
    return ranges;
  }

  static Set<String> expectedIds() {
    Set<String> ids = new TreeSet<>();
    RANGES.forEach(
        (prefix, last) -> {
          for (int i = 1; i <= last; i++) {
            ids.add(String.format("%s-%02d", prefix, i));
          }
        });
    return ids;
  }

  /**
   * All problems, one line each.
   *
   * @param lines of the document; only table rows that begin with an id count
   * @param ran names of the cases that ran and succeeded for some kind
   */
  static List<String> problems(List<String> lines, Set<String> ran) {
    List<String> problems = new ArrayList<>();
    Set<String> missing = expectedIds();
    Set<String> seen = new TreeSet<>();
    for (String line : lines) {
      Matcher row = ROW.matcher(line);
      if (!row.matches()) {
        if (line.matches("\\|\\s*[A-Z]+-\\d.*")) {
          problems.add("not a row of three cells: " + line);
        }
        continue;
      }
      String id = row.group(1);
      if (!seen.add(id)) {
        problems.add(id + ": is there twice");
      } else if (!missing.remove(id)) {
        problems.add(id + ": is no row of the reference systems");
      }
      String api = row.group(2).strip();
      String test = row.group(3).strip();
      if (api.equals("later") || test.equals("later")) {
        if (!api.equals(test)) {
          problems.add(id + ": only one of API and test is 'later'");
        }
        continue;
      }
      for (String name : names(id, "API", api, problems)) {
        if (!name.startsWith(ELSEWHERE)) {
          checkApi(id, name, problems);
        }
      }
      for (String name : names(id, "test", test, problems)) {
        if (!name.startsWith(ELSEWHERE)) {
          checkTest(id, name, ran, problems);
        }
      }
    }
    for (String id : missing) {
      problems.add(id + ": is missing");
    }
    return problems;
  }

  private static List<String> names(String id, String what, String cell, List<String> problems) {
    List<String> names = new ArrayList<>();
    Matcher matcher = NAME.matcher(cell);
    while (matcher.find()) {
      names.add(matcher.group().replace("`", ""));
    }
    String rest = NAME.matcher(cell).replaceAll("").replace(",", "").strip();
    if (names.isEmpty() || !rest.isEmpty()) {
      problems.add(id + ": the " + what + " is no list of `names`: " + cell);
    }
    return names;
  }

  private static void checkApi(String id, String name, List<String> problems) {
    int hash = name.indexOf('#');
    Class<?> type = type(hash < 0 ? name : name.substring(0, hash));
    if (type == null) {
      problems.add(id + ": no class for the API " + name);
    } else if (hash >= 0
        && Arrays.stream(type.getMethods())
            .noneMatch(method -> method.getName().equals(name.substring(hash + 1)))) {
      problems.add(id + ": no public method for the API " + name);
    }
  }

  private static void checkTest(String id, String name, Set<String> ran, List<String> problems) {
    int hash = name.indexOf('#');
    Class<?> type = hash < 0 ? null : type(name.substring(0, hash));
    Method method = type == null ? null : method(type, name.substring(hash + 1));
    if (type == null || method == null) {
      problems.add(id + ": there is no test " + name);
    } else if (!method.isAnnotationPresent(Case.class)) {
      problems.add(id + ": " + name + " is not a case");
    } else if (method.isAnnotationPresent(Disabled.class)
        || type.isAnnotationPresent(Disabled.class)) {
      problems.add(id + ": " + name + " is disabled");
    } else if (!ran.contains(name)) {
      problems.add(id + ": " + name + " did not run, or is skipped for every kind");
    }
  }

  /** A class by its name with dots only, the last of which may stand for a nested class. */
  private static @Nullable Class<?> type(String name) {
    try {
      return Class.forName(name, false, ParityCheck.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      int dot = name.lastIndexOf('.');
      return dot > 0 && Character.isUpperCase(name.charAt(name.lastIndexOf('.', dot - 1) + 1))
          ? type(name.substring(0, dot) + "$" + name.substring(dot + 1))
          : null;
    }
  }

  private static @Nullable Method method(Class<?> type, String name) {
    for (Class<?> each = type; each != null; each = each.getSuperclass()) {
      for (Method method : each.getDeclaredMethods()) {
        if (method.getName().equals(name)) {
          return method;
        }
      }
    }
    return null;
  }
}
