// SPDX-License-Identifier: Apache-2.0
/** Calls handlers for the connections of a listener, or of one that is made again and again. */
@NullMarked
package io.penstock.impl.serve;

import org.jspecify.annotations.NullMarked;
