// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import io.penstock.itests.exam.inside.BundleContextResolver;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Makes a JUnit Jupiter test class run inside OSGi containers, as a whole and once in each.
 *
 * <p>Every container is booted for the class alone, on a private temporary folder. Inside it
 * Jupiter runs the class as it would anywhere, nested classes, parameterized tests, life cycle
 * methods and conditions included; the host reports each of its tests under the name of the
 * container, such as {@code passes[felix]}. A test may take a {@link
 * org.osgi.framework.BundleContext} as a parameter: that of the bundle that holds the tests.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(BundleContextResolver.class)
public @interface InContainer {

  /** The containers, in the order in which they are booted. */
  ContainerKind[] value() default {ContainerKind.FELIX, ContainerKind.EQUINOX, ContainerKind.KARAF};

  /**
   * Symbolic names of further bundles to start, beside those that every container has. They are
   * looked up on the class path of the tests.
   */
  String[] bundles() default {};

  /**
   * Symbolic names of bundles that are installed and start later, when a test raises the start
   * level of the framework to {@link #LATE}; for containers in this JVM.
   */
  String[] late() default {};

  /** The start level of the late ones, beyond that of the bundle with the tests. */
  int LATE = 10;

  /**
   * Whether Penstock and what it needs come by {@link io.penstock.testing.exam.PenstockOptions}, as
   * in the tests of users, and not from the class path of the tests.
   */
  boolean byOptions() default false;

  /** Features of Karaf's own that it boots with, beside the framework; only for Karaf. */
  String[] features() default {};

  /** The optional parts that come with them. */
  String[] parts() default {};
}
