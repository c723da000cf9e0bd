// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The keys of one kind of configuration. They are the methods of the annotation type that describes
 * them to Metatype, and nothing else spells them: code that reads a value names the method.
 */
public final class Keys {
  private Keys() {}

  /** All keys, in order. */
  public static Set<String> names(Class<?> type) {
    Set<String> names = new TreeSet<>();
    for (Method method : type.getDeclaredMethods()) {
      names.add(name(method));
    }
    return Collections.unmodifiableSet(names);
  }

  /** Some keys. */
  static <K> Set<String> names(Class<K> type, List<Function<K, ?>> keys) {
    return keys.stream()
        .map(key -> name(method(type, key)))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The key of a method: Declarative Services and Metatype have a dot for an underscore. */
  static String name(Method method) {
    return method.getName().replace('_', '.');
  }

  /** The method that a function calls. */
  static <K> Method method(Class<K> type, Function<K, ?> key) {
    List<Method> called = new ArrayList<>();
    Object recorder =
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              called.add(method);
              return method.getReturnType() == boolean.class ? false : "";
            });
    Object unused = key.apply(type.cast(recorder));
    return called.get(0);
  }
}
