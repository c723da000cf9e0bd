// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.annotation.bundle.Requirement;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Says that a bundle uses a scheme, so that a resolver brings the bundle that serves it:
 * {@code @RequireScheme("ssh")}. It becomes a requirement in the namespace {@value #NAMESPACE} when
 * bnd writes the manifest, and has no effect otherwise.
 *
 * <p>Bundles that serve schemes declare a capability in that namespace for each, whose attribute
 * {@code penstock.scheme} is the scheme.
 */
@ConsumerType
@Documented
@Retention(RetentionPolicy.CLASS)
@Target({ElementType.TYPE, ElementType.PACKAGE})
@Repeatable(RequireSchemes.class)
@Requirement(
    namespace = RequireScheme.NAMESPACE,
    filter = "(" + RequireScheme.NAMESPACE + "=${#value})")
public @interface RequireScheme {
  /** The namespace of the requirement, and the name of the capability's attribute. */
  String NAMESPACE = "penstock.scheme";

  /**
   * Which scheme.
   *
   * @return such as {@code ssh} or {@code tcp-listen}
   */
  String value();
}
