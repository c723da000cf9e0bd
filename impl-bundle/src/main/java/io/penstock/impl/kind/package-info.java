// SPDX-License-Identifier: Apache-2.0
/** The kinds of channel that come with the product, one package each. */
@NullMarked
package io.penstock.impl.kind;

import org.jspecify.annotations.NullMarked;
