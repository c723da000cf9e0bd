// SPDX-License-Identifier: Apache-2.0
/**
 * What the kinds share: reading options, and turning the system's errors into ours. Knows only the
 * provider interface, as every kind does.
 */
@NullMarked
package io.penstock.impl.kind.support;

import org.jspecify.annotations.NullMarked;
