// SPDX-License-Identifier: Apache-2.0
/**
 * Configuration values: their keys, defaults and ranges. No class here runs in a framework; the
 * annotations of {@code …Keys} are what Metatype's descriptions are made of when the bundle is
 * built.
 *
 * <p>A key is spelled once, as a method of its {@code …Keys}, whose default is the value of the
 * annotation. The page {@code docs/configuration.md} has them from there.
 */
@NullMarked
package io.penstock.impl.component.config;

import org.jspecify.annotations.NullMarked;
