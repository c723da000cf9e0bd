// SPDX-License-Identifier: Apache-2.0
/** The kind {@code remote:NAME}. */
@NullMarked
package io.penstock.remote.impl.provider;

import org.jspecify.annotations.NullMarked;
