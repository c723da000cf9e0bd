// SPDX-License-Identifier: Apache-2.0
/** Gathers for operators what there is, while they ask. */
@NullMarked
package io.penstock.impl.runtime;

import org.jspecify.annotations.NullMarked;
