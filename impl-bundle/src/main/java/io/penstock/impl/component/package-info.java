// SPDX-License-Identifier: Apache-2.0
/**
 * Declarative Services components: thin, and the only package that knows OSGi. What a configuration
 * keeps alive is a plain class named {@code Configured…}; its component hands it the values.
 *
 * <p>The runtime enables components in the order of their class names: {@code BuiltInComponent}
 * comes before {@code ProvidersComponent}, so that a bundle that gets a factory finds every
 * built-in kind in it.
 */
@NullMarked
package io.penstock.impl.component;

import org.jspecify.annotations.NullMarked;
