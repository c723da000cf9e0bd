// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.annotation.versioning.ConsumerType;

/** Several {@link RequireScheme}. */
@ConsumerType
@Documented
@Retention(RetentionPolicy.CLASS)
@Target({ElementType.TYPE, ElementType.PACKAGE})
public @interface RequireSchemes {
  /**
   * All of them.
   *
   * @return in any order
   */
  RequireScheme[] value();
}
