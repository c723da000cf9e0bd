// SPDX-License-Identifier: Apache-2.0
/** The registries that need no server. */
@NullMarked
package io.penstock.remote.impl.registry;

import org.jspecify.annotations.NullMarked;
