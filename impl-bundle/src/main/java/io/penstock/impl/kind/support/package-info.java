// SPDX-License-Identifier: Apache-2.0
/**
 * What the kinds share: reading options, and turning the system's errors into ours. The drivers are
 * in packages of their own, by how the system says that a read is worth it: a selector tells
 * ({@code selectable}), only a thread that waits finds out ({@code blocking}), it always is ({@code
 * ready}), or it is a socket ({@code socket}). Knows only the provider interface, as every kind
 * does.
 */
@NullMarked
package io.penstock.impl.kind.support;

import org.jspecify.annotations.NullMarked;
