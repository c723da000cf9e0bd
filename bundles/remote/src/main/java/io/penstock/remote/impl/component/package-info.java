// SPDX-License-Identifier: Apache-2.0
/** Services and the configuration. */
@NullMarked
package io.penstock.remote.impl.component;

import org.jspecify.annotations.NullMarked;
