// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Which kind of channel pair or listener {@link PenstockExtension} injects. Without it a pair is
 * {@code mem} and a listener is {@code tcp}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PARAMETER)
public @interface OfKind {
  /**
   * The kind.
   *
   * @return {@code mem}; {@code tcp}, on a free port of the loopback interface; {@code unix}, in a
   *     folder of its own; or an endpoint to listen at, whose scheme ends in {@code -listen}, such
   *     as {@code tcp-listen://127.0.0.1:0?noDelay=false}
   */
  String value();
}
