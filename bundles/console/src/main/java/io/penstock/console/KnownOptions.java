// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import java.util.List;

/** Tells which options a configuration, or its description, gives to an object. */
interface KnownOptions {
  /**
   * An option.
   *
   * @param key its name
   * @param value in words; never a secret
   * @param origin where it comes from
   */
  record Option(String key, String value, String origin) {}

  /**
   * The options of a configured object.
   *
   * @param pid of its factory, such as {@code io.penstock.Pipe}
   * @param name of the object
   * @return none if no configuration made such an object
   */
  List<Option> of(String pid, String name);
}
