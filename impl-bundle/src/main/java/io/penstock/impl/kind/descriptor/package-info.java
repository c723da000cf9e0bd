// SPDX-License-Identifier: Apache-2.0
/** Descriptors that somebody else has opened. */
@NullMarked
package io.penstock.impl.kind.descriptor;

import org.jspecify.annotations.NullMarked;
