// SPDX-License-Identifier: Apache-2.0
/** {@code pipe:NAME}: named pipes as channels. */
@NullMarked
package io.penstock.impl.kind.pipe;

import org.jspecify.annotations.NullMarked;
