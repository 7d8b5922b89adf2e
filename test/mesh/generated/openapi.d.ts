/** Made by scripts/generate-client-types.ts from docs/openapi.json. */
export interface paths {
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the name of the service */
        get: operations["getService"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Check that the mesh answers, and get its clock */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a page of the documentation, where it was built (npm run docs) */
        get: operations["getDocs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Create or find a device account (docs/protocol.md, section 1) */
        post: operations["openAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/link-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the public keys with which apps agree with the mesh on keys (docs/protocol.md, section 9) */
        get: operations["getLinkKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Open the device link, a WebSocket (docs/protocol.md, section 2) */
        get: operations["openLink"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send many messages, each with its own target and content
         * @description Needs a key of scope send.
         */
        post: operations["sendBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the messages with a label
         * @description Needs a key of scope send or read.
         */
        get: operations["listMessages"];
        put?: never;
        /**
         * Send a message to registrations or aliases, or broadcast it to tags
         * @description Needs a key of scope send.
         */
        post: operations["sendMessage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Open a sender link, a WebSocket (docs/protocol.md, section 10)
         * @description Needs a key of scope send.
         */
        get: operations["openSenderLink"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the status of a message
         * @description Needs a key of scope send or read.
         */
        get: operations["getMessage"];
        put?: never;
        post?: never;
        /**
         * Recall a message
         * @description Needs a key of scope send.
         */
        delete: operations["recallMessage"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tags/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the tag named members
         * @description Needs a key of scope read.
         */
        get: operations["getTagCalledMembers"];
        put?: never;
        /**
         * Subscribe registrations to a tag, and unsubscribe others
         * @description Needs a key of scope manage.
         */
        post: operations["changeMembers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the tags of the app
         * @description Needs a key of scope read.
         */
        get: operations["listTags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tags/{tag}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a tag
         * @description Needs a key of scope read.
         */
        get: operations["getTag"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tags/{tag}/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set who may listen to the tag live
         * @description Needs a key of scope manage.
         */
        put: operations["setLiveAccess"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/aliases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give an alias to registrations, and take it from others
         * @description Needs a key of scope manage.
         */
        post: operations["changeAlias"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/aliases/{alias}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the holders of an alias
         * @description Needs a key of scope read.
         */
        get: operations["getAlias"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registrations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the registrations of the app, page by page
         * @description Needs a key of scope read.
         */
        get: operations["listRegistrations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registrations/{regId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the tags, aliases and attributes of a registration
         * @description Needs a key of scope read.
         */
        get: operations["getRegistration"];
        put?: never;
        post?: never;
        /**
         * End a registration, and optionally ban its device from the app
         * @description Needs a key of scope manage.
         */
        delete: operations["removeRegistration"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registrations/{regId}/ban": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Let a banned device register again
         * @description Needs a key of scope manage.
         */
        delete: operations["liftBan"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/grants/{jti}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a grant
         * @description Needs a key of scope manage.
         */
        delete: operations["revokeGrant"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registrations/{regId}/encryption-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the key to which messages for a registration can be encrypted
         * @description Needs a key of scope send or read.
         */
        get: operations["getEncryptionKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apps/{appId}/tags/{tag}/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Listen to a tag live (docs/api.md, Live listeners) */
        get: operations["listenLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apps/{appId}/live-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the public key that signs broadcasts for live listeners */
        get: operations["getLiveKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the webhooks of the app
         * @description Needs a key of scope read or manage.
         */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Create a webhook
         * @description Needs a key of scope manage.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhookId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a webhook, and how it goes
         * @description Needs a key of scope read or manage.
         */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /**
         * Delete a webhook, with what waits for it
         * @description Needs a key of scope manage.
         */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Change a webhook, or enable it again
         * @description Needs a key of scope manage.
         */
        patch: operations["changeWebhook"];
        trace?: never;
    };
    "/v1/webhooks/{webhookId}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a webhook a new secret
         * @description Needs a key of scope manage.
         */
        post: operations["rotateWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhookId}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test event now
         * @description Needs a key of scope manage.
         */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhookId}/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what was not delivered in a day
         * @description Needs a key of scope read or manage.
         */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhookId}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try dead letters again
         * @description Needs a key of scope manage.
         */
        post: operations["replayDeadLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the apps */
        get: operations["listApps"];
        put?: never;
        /** Create an app */
        post: operations["createApp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apps/{appId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an app and its keys */
        get: operations["getApp"];
        put?: never;
        post?: never;
        /** Delete an app and its keys */
        delete: operations["deleteApp"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apps/{appId}/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the policy of an app */
        get: operations["getPolicy"];
        /** Replace the policy of an app */
        put: operations["putPolicy"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apps/{appId}/quota": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Set the quota of an app's sends */
        put: operations["putQuota"];
        post?: never;
        /** End the quota of an app's sends */
        delete: operations["deleteQuota"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apps/{appId}/revoked-grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Forget the revoked grants of an app */
        delete: operations["forgetRevokedGrants"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apps/{appId}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Create a sending key, or a send token */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apps/{appId}/keys/{keyId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a sending key */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the credentials of operators */
        get: operations["listCredentials"];
        put?: never;
        /** Create a credential for an operator */
        post: operations["createCredential"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/credentials/{credentialId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a credential */
        delete: operations["revokeCredential"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what was changed, by whom and from where */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    events: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Events of an app, sent to the URLs of its webhooks
         * @description See docs/webhooks.md. A request that is not answered with 200 to 299 comes again, with the same webhook-id.
         */
        post: operations["events"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        NewDevice: {
            proof: string;
            handover?: string;
        };
        /** @description At most 5 tags, nested at most 5 deep. */
        Condition: {
            tag: string;
        } | {
            any: components["schemas"]["Condition"][];
        } | {
            all: components["schemas"]["Condition"][];
        } | {
            not: components["schemas"]["Condition"];
        };
        /** @description A string or an object, at most 4096 bytes as UTF-8; not with dataBase64. */
        Data: string | {
            [key: string]: unknown;
        };
        Send: {
            to: string | {
                alias: string;
                /** @default false */
                firstAckWins?: boolean;
            } | {
                tag: string;
            } | {
                condition: components["schemas"]["Condition"];
            } | {
                /** @constant */
                everyone: true;
            } | {
                regIds: string[];
            } | {
                aliases: string[];
                /** @default false */
                firstAckWins?: boolean;
            };
            data?: components["schemas"]["Data"];
            /** Format: base64 */
            dataBase64?: string;
            notification?: {
                title?: string;
                body?: string;
                icon?: string;
                image?: string;
                url?: string;
                badge?: number;
                actions?: {
                    action: string;
                    title: string;
                    icon?: string;
                    url?: string;
                }[];
            };
            /** @constant */
            encrypted?: true;
            /** @default 2419200 */
            ttl?: number;
            onlineOnly?: boolean;
            /**
             * @default normal
             * @enum {string}
             */
            priority?: "high" | "normal" | "low";
            collapseKey?: string;
            label?: string;
            trace?: boolean;
            receipts?: boolean;
            /** @enum {string} */
            onOverflow?: "drop_oldest" | "reject";
            sendAt?: string | {
                local: string;
            };
            ignoreQuietHours?: boolean;
            filter?: {
                platform?: string[];
                appVersion?: {
                    min?: string;
                    max?: string;
                };
                locale?: string[];
                attributes?: {
                    [key: string]: string[];
                };
                granted?: {
                    [key: string]: string[];
                };
            };
            pace?: number;
            validateOnly?: boolean;
        };
        Members: {
            tag: string;
            /** @default [] */
            add?: string[];
            /** @default [] */
            remove?: string[];
        };
        Live: {
            /** @enum {string} */
            access: "closed" | "token" | "open";
        };
        NewAliases: {
            alias: string;
            /** @default false */
            shared?: boolean;
            /** @default [] */
            add?: string[];
            /** @default [] */
            remove?: string[];
        };
        NewApp: {
            name: string;
            policy?: "open" | {
                /**
                 * @default granted
                 * @enum {string}
                 */
                register?: "server" | "granted" | "open";
                /** @default [] */
                alias?: {
                    prefix: string;
                    /** @enum {string} */
                    rule: "server" | "granted" | "open";
                }[];
                /** @default [] */
                tag?: {
                    prefix: string;
                    /** @enum {string} */
                    rule: "server" | "granted" | "open";
                }[];
                receipts?: boolean;
            };
        };
        NewKey: {
            /** @constant */
            algorithm: "hmac-sha256";
            scopes?: ("send" | "manage" | "read" | "grant")[];
            expiresAt?: number | null;
        } | {
            /** @constant */
            algorithm: "ed25519";
            publicKey: string;
            scopes?: ("send" | "manage" | "read" | "grant")[];
            expiresAt?: number | null;
        } | {
            /** @constant */
            algorithm: "bearer";
            scopes?: [
                "send"
            ];
            expiresAt?: number | null;
        };
        WebhookPayload: {
            /** @constant */
            type: "events";
            /** Format: date-time */
            timestamp: string;
            data: components["schemas"]["WebhookEvent"][];
        };
        WebhookEvent: {
            id: string;
            /** @description When it happened, milliseconds since 1970. */
            at: number;
            /** @enum {string} */
            type: "delivered" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "shown" | "clicked" | "dismissed";
            regId: string;
            messageId: string;
            label?: string;
            action?: string;
        } | {
            id: string;
            /** @description When it happened, milliseconds since 1970. */
            at: number;
            /** @constant */
            type: "push_disabled";
            regId: string;
        } | {
            id: string;
            /** @description When it happened, milliseconds since 1970. */
            at: number;
            /** @constant */
            type: "upstream";
            regId: string;
            key: string;
            data?: unknown;
            dataBase64?: string;
        } | {
            id: string;
            /** @description When it happened, milliseconds since 1970. */
            at: number;
            /** @constant */
            type: "test";
        };
        Service: {
            /** @constant */
            service: "pushmesh";
            protocol: string;
            documentation: string;
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            /** @enum {string} */
            code: "not_found" | "method_not_allowed" | "body_too_large" | "body_invalid" | "field_invalid" | "content_type_unsupported" | "internal" | "overloaded" | "misconfigured" | "storage_unavailable" | "signature_missing" | "signature_malformed" | "signature_incomplete" | "signature_invalid" | "signature_expired" | "digest_mismatch" | "key_unknown" | "nonce_required" | "idempotency_key_invalid" | "admin_token_invalid" | "idempotency_key_reused" | "send_token_invalid" | "send_token_exposed" | "scope_missing" | "key_expired" | "grant_required" | "grant_invalid" | "grant_expired" | "not_granted" | "too_many_revoked_grants" | "too_many_closed_tags" | "reg_id_invalid" | "reg_id_foreign" | "unregistered" | "mailbox_full" | "quota_exceeded" | "message_id_invalid" | "message_not_found" | "alias_unknown" | "tag_unknown" | "broadcast_rate" | "live_closed" | "listen_token_invalid" | "live_full" | "alias_stale" | "trust_outdated" | "request_replayed" | "app_not_found" | "key_not_found" | "too_many_keys" | "too_many_apps" | "proof_invalid" | "proof_expired" | "device_active" | "upgrade_required" | "subprotocol_unsupported" | "mesh_full" | "request_malformed" | "head_too_large" | "request_timeout" | "too_many_failures" | "too_many_requests" | "rate_limited" | "too_many_tags" | "too_many_aliases" | "alias_full" | "encryption_key_missing" | "role_missing" | "credential_not_found" | "too_many_credentials" | "webhook_not_found" | "too_many_webhooks" | "webhook_url_refused" | "webhooks_off";
            detail: string;
            /** @enum {string} */
            retry: "never" | "later" | "reauthenticate";
            advice: string;
            field?: string;
        };
        Health: {
            /** @constant */
            status: "ok";
            /** @description Milliseconds since 1970. */
            now: number;
        };
        Device: {
            deviceId: string;
            generation: number;
            credential: string;
            /** @description Milliseconds since 1970. */
            now: number;
        };
        Sent: {
            id: string;
            /** @enum {string} */
            status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
            sendAt?: number;
            /** @description Milliseconds from the request's arrival to this answer. */
            tookMs: number;
        };
        SentToAlias: {
            results: ({
                regId: string;
                id: string;
                /** @enum {string} */
                status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                sendAt?: number;
            } | {
                regId: string;
                error: string;
                detail: string;
            })[];
            /** @description Milliseconds from the request's arrival to this answer. */
            tookMs: number;
        };
        Accepted: {
            id: string;
            /** @constant */
            status: "accepted";
            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
            sendAt?: number;
            /** @description Milliseconds from the request's arrival to this answer. */
            tookMs: number;
        };
        Status: {
            id: string;
            /** @enum {string} */
            status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
            /** @description Milliseconds since 1970. */
            acceptedAt: number;
            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
            sendAt?: number;
            events?: {
                /** @enum {string} */
                event: "accepted" | "scheduled" | "held" | "queued" | "sent" | "delivered" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "shown" | "clicked" | "dismissed";
                /** @description Milliseconds since 1970. */
                at: number;
                action?: string;
            }[];
        };
        BroadcastStatus: {
            id: string;
            /** @description Milliseconds since 1970. */
            acceptedAt: number;
            /** @description Milliseconds since 1970. */
            recalledAt?: number;
            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
            sendAt?: number;
            /** @enum {string} */
            status: "accepted" | "sending" | "sent";
            finishedAt: number | null;
            members: number;
            attached: number;
            delivered: number;
            acknowledged: number;
            filtered: number;
            deferred: number;
            offline: number;
            failed: number;
            expired: number;
            collapsed: number;
            remaining: number;
            owed: number;
            unreached: number;
            nodes: number;
            listeners: number;
            /** @description Devices per second. */
            rate: number;
        };
        Tag: {
            tag: string;
            members: number;
            listeners: number;
            lastBroadcastAt: number | null;
            nodes: number;
            depth: number;
            /** @enum {string} */
            live: "closed" | "token" | "open";
        };
        Results: {
            results: ({
                regId: string;
                /** @constant */
                ok: true;
            } | {
                regId: string;
                /** @constant */
                ok: false;
                error: string;
                detail: string;
            })[];
        };
        Tags: {
            tags: {
                tag: string;
                members: number;
                listeners: number;
                lastBroadcastAt: number | null;
            }[];
            next: string | null;
        };
        Alias: {
            alias: string;
            shared: boolean;
            regIds: string[];
        };
        Registration: {
            regId: string;
            tags: string[];
            aliases: string[];
            attributes: {
                platform: string | null;
                appVersion: string | null;
                locale: string | null;
                custom: {
                    [key: string]: string;
                };
                granted: {
                    [key: string]: string;
                };
            } | null;
            connected: boolean;
            lastSeenAt: number | null;
            pushEnabled: boolean;
        };
        LiveMessage: {
            /** @constant */
            type: "message";
            cursor: number;
            id: string;
            tag: string;
            data?: components["schemas"]["Data"];
            /** Format: base64 */
            dataBase64?: string;
            /** @description Milliseconds since 1970. */
            sentAt: number;
            expiresAt: number | null;
            collapseKey?: string;
            signature: string | null;
            placeSignature?: string | null;
        };
        LivePresence: {
            /** @constant */
            type: "presence";
            listeners: number;
            cursor: number;
        };
        LiveKey: {
            /** @constant */
            algorithm: "ed25519";
            publicKey: string;
        };
        Apps: {
            apps: components["schemas"]["App"][];
        };
        App: {
            appId: string;
            name: string;
            /** @description Milliseconds since 1970. */
            createdAt: number;
        };
        AppWithKeys: {
            appId: string;
            name: string;
            /** @description Milliseconds since 1970. */
            createdAt: number;
            keys: {
                keyId: string;
                /** @enum {string} */
                algorithm: "hmac-sha256" | "ed25519" | "bearer";
                /** @description Milliseconds since 1970. */
                createdAt: number;
                scopes: ("send" | "manage" | "read" | "grant")[];
                expiresAt: number | null;
                lastUsedAt: number | null;
            }[];
            policy: {
                /** @enum {string} */
                register: "server" | "granted" | "open";
                alias: {
                    prefix: string;
                    /** @enum {string} */
                    rule: "server" | "granted" | "open";
                }[];
                tag: {
                    prefix: string;
                    /** @enum {string} */
                    rule: "server" | "granted" | "open";
                }[];
                receipts?: boolean;
            };
            revokedGrants: number;
            closedTags: string[];
            quota: {
                perSecond: number;
                burst: number;
                queueSeconds?: number;
            } | null;
        };
        Key: {
            keyId: string;
            /** @enum {string} */
            algorithm: "hmac-sha256" | "ed25519" | "bearer";
            /** @description Milliseconds since 1970. */
            createdAt: number;
            scopes: ("send" | "manage" | "read" | "grant")[];
            expiresAt: number | null;
            lastUsedAt: number | null;
            secret?: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getService: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Name and documentation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Service"];
                };
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The mesh answers. */
            200: {
                headers: {
                    /** @description no-store */
                    "cache-control": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDocs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Path of a page or another file, which may have slashes; nothing for the first page. */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page, or a file that it needs. */
            200: {
                headers: {
                    /** @description public, for 5 minutes */
                    "cache-control": string;
                    /** @description Nothing but what is below /docs/. */
                    "content-security-policy": string;
                    [name: string]: unknown;
                };
                content: {
                    "*/*": string;
                };
            };
            /** @description The documentation is at /docs/. */
            308: {
                headers: {
                    /** @description /docs/ */
                    location: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: No such route. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_requests`: Requests of this kind come too often from this network, device or app.
             *     `too_many_failures`: Authentication from this network failed too often.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewDevice"];
            };
        };
        responses: {
            /** @description The account existed. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `proof_invalid`: The proof of possession does not verify.
             *     `proof_expired`: The proof is too old, or its time is in the future.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `device_active`: This key handed its account over to another key. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLinkKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys; they change when the keys of the mesh rotate. */
            200: {
                headers: {
                    /** @description public, for 5 minutes */
                    "cache-control": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        keys: {
                            kid: number;
                            publicKey: string;
                        }[];
                    };
                };
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openLink: {
        parameters: {
            query?: never;
            header: {
                /** @description pushmesh.v1, pushmesh.token.<token> */
                "Sec-WebSocket-Protocol": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The link; a bad token closes it at once. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `subprotocol_unsupported`: The WebSocket subprotocols do not include one that this mesh supports, or carry no token.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `upgrade_required`: This route only accepts WebSocket upgrades. */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sendBatch: {
        parameters: {
            query?: never;
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
                /** @description 1 to 128 visible ASCII characters. Requests with the same key are one message. May be absent only if the signature has a nonce. */
                "Idempotency-Key": string;
                /** @description respond-async, or wait=<seconds> (RFC 7240). */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    messages: {
                        to: string | {
                            alias: string;
                            /** @default false */
                            firstAckWins?: boolean;
                        } | {
                            tag: string;
                        } | {
                            condition: components["schemas"]["Condition"];
                        } | {
                            /** @constant */
                            everyone: true;
                        };
                        data?: components["schemas"]["Data"];
                        /** Format: base64 */
                        dataBase64?: string;
                        notification?: {
                            title?: string;
                            body?: string;
                            icon?: string;
                            image?: string;
                            url?: string;
                            badge?: number;
                            actions?: {
                                action: string;
                                title: string;
                                icon?: string;
                                url?: string;
                            }[];
                        };
                        /** @constant */
                        encrypted?: true;
                        /** @default 2419200 */
                        ttl?: number;
                        onlineOnly?: boolean;
                        /**
                         * @default normal
                         * @enum {string}
                         */
                        priority?: "high" | "normal" | "low";
                        collapseKey?: string;
                        label?: string;
                        trace?: boolean;
                        receipts?: boolean;
                        /** @enum {string} */
                        onOverflow?: "drop_oldest" | "reject";
                        sendAt?: string | {
                            local: string;
                        };
                        ignoreQuietHours?: boolean;
                        filter?: {
                            platform?: string[];
                            appVersion?: {
                                min?: string;
                                max?: string;
                            };
                            locale?: string[];
                            attributes?: {
                                [key: string]: string[];
                            };
                            granted?: {
                                [key: string]: string[];
                            };
                        };
                        pace?: number;
                        idempotencyKey?: string;
                    }[];
                };
            };
        };
        responses: {
            /** @description Every result is final. */
            200: {
                headers: {
                    /** @description The preference that was applied, if any. */
                    "preference-applied"?: string;
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        results: ({
                            id: string;
                            /** @enum {string} */
                            status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                            sendAt?: number;
                        } | {
                            results: ({
                                regId: string;
                                id: string;
                                /** @enum {string} */
                                status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                                /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                                sendAt?: number;
                            } | {
                                regId: string;
                                error: string;
                                detail: string;
                            })[];
                        } | {
                            id: string;
                            /** @constant */
                            status: "accepted";
                            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                            sendAt?: number;
                        } | {
                            error: string;
                            detail: string;
                            /** @enum {string} */
                            retry: "never" | "later" | "reauthenticate";
                            field?: string;
                            /** @description When to retry, milliseconds from the answer. */
                            retryAfterMs?: number;
                        })[];
                        /** @description Milliseconds from the request's arrival to this answer. */
                        tookMs: number;
                    };
                };
            };
            /** @description A message is stored and waits for a device, or a broadcast is being sent. */
            202: {
                headers: {
                    /** @description The preference that was applied, if any. */
                    "preference-applied"?: string;
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        results: ({
                            id: string;
                            /** @enum {string} */
                            status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                            sendAt?: number;
                        } | {
                            results: ({
                                regId: string;
                                id: string;
                                /** @enum {string} */
                                status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                                /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                                sendAt?: number;
                            } | {
                                regId: string;
                                error: string;
                                detail: string;
                            })[];
                        } | {
                            id: string;
                            /** @constant */
                            status: "accepted";
                            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                            sendAt?: number;
                        } | {
                            error: string;
                            detail: string;
                            /** @enum {string} */
                            retry: "never" | "later" | "reauthenticate";
                            field?: string;
                            /** @description When to retry, milliseconds from the answer. */
                            retryAfterMs?: number;
                        })[];
                        /** @description Milliseconds from the request's arrival to this answer. */
                        tookMs: number;
                    };
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `nonce_required`: The request has neither an Idempotency-Key nor a signature nonce.
             *     `idempotency_key_invalid`: The Idempotency-Key is invalid.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listMessages: {
        parameters: {
            query: {
                label: string;
                after?: number;
                before?: number;
                limit?: number;
                cursor?: string;
            };
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        messages: {
                            id: string;
                            to: string;
                            label: string;
                            /** @description Milliseconds since 1970. */
                            acceptedAt: number;
                        }[];
                        next: string | null;
                    };
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sendMessage: {
        parameters: {
            query?: {
                to?: string;
                alias?: string;
                tag?: string;
                everyone?: "true";
                ttl?: string;
                priority?: "high" | "normal" | "low";
                collapseKey?: string;
            };
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
                /** @description 1 to 128 visible ASCII characters. Requests with the same key are one message. May be absent only if the signature has a nonce. */
                "Idempotency-Key": string;
                /** @description respond-async, or wait=<seconds> (RFC 7240). */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Send"];
                "text/plain": string;
            };
        };
        responses: {
            /** @description The status is final: delivered, or how the message ended; or the request is valid, and was only checked. */
            200: {
                headers: {
                    /** @description The URL of its status. Absent for a message to an alias. */
                    location?: string;
                    /** @description The preference that was applied, if any. */
                    "preference-applied"?: string;
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sent"] | components["schemas"]["SentToAlias"] | {
                        results: ({
                            /** @description As in the request. */
                            to: string;
                            id: string;
                            /** @enum {string} */
                            status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                            sendAt?: number;
                        } | {
                            /** @description As in the request. */
                            to: string;
                            results: ({
                                regId: string;
                                id: string;
                                /** @enum {string} */
                                status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                                /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                                sendAt?: number;
                            } | {
                                regId: string;
                                error: string;
                                detail: string;
                            })[];
                        } | {
                            error: string;
                            detail: string;
                            /** @enum {string} */
                            retry: "never" | "later" | "reauthenticate";
                            field?: string;
                            /** @description When to retry, milliseconds from the answer. */
                            retryAfterMs?: number;
                            /** @description As in the request. */
                            to: string;
                        })[];
                        /** @description Milliseconds from the request's arrival to this answer. */
                        tookMs: number;
                    } | {
                        /** @constant */
                        valid: true;
                        recipients: number;
                        /** @description Milliseconds from the request's arrival to this answer. */
                        tookMs: number;
                    };
                };
            };
            /** @description The message is stored and waits for a device, or the broadcast is stored and being sent. */
            202: {
                headers: {
                    /** @description The URL of its status. Absent for a message to an alias. */
                    location?: string;
                    /** @description The preference that was applied, if any. */
                    "preference-applied"?: string;
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sent"] | components["schemas"]["SentToAlias"] | {
                        results: ({
                            /** @description As in the request. */
                            to: string;
                            id: string;
                            /** @enum {string} */
                            status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                            /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                            sendAt?: number;
                        } | {
                            /** @description As in the request. */
                            to: string;
                            results: ({
                                regId: string;
                                id: string;
                                /** @enum {string} */
                                status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                                /** @description Of a scheduled message: when it will be sent, milliseconds since 1970. */
                                sendAt?: number;
                            } | {
                                regId: string;
                                error: string;
                                detail: string;
                            })[];
                        } | {
                            error: string;
                            detail: string;
                            /** @enum {string} */
                            retry: "never" | "later" | "reauthenticate";
                            field?: string;
                            /** @description When to retry, milliseconds from the answer. */
                            retryAfterMs?: number;
                            /** @description As in the request. */
                            to: string;
                        })[];
                        /** @description Milliseconds from the request's arrival to this answer. */
                        tookMs: number;
                    } | components["schemas"]["Accepted"];
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `nonce_required`: The request has neither an Idempotency-Key nor a signature nonce.
             *     `idempotency_key_invalid`: The Idempotency-Key is invalid.
             *     `reg_id_invalid`: The regId was not issued by this mesh.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             *     `reg_id_foreign`: The regId belongs to another app.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `alias_unknown`: No registration holds the alias.
             *     `tag_unknown`: The tag has no members and never had a broadcast.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unregistered`: The registration has ended. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency_key_reused`: The Idempotency-Key was used with another request body. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `mailbox_full`: The registration's mailbox is full.
             *     `broadcast_rate`: The tag accepts no more broadcasts right now.
             *     `quota_exceeded`: The app has used up its quota of sends.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `trust_outdated`: The mesh could not check whether the registration may still receive.
             *     `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openSenderLink: {
        parameters: {
            query?: never;
            header: {
                /** @description pushmesh.send.v1 */
                "Sec-WebSocket-Protocol": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The link. */
            101: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `subprotocol_unsupported`: The WebSocket subprotocols do not include one that this mesh supports, or carry no token.
             *     `nonce_required`: The request has neither an Idempotency-Key nor a signature nonce.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `upgrade_required`: This route only accepts WebSocket upgrades. */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMessage: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description As the send was answered with it. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its status, or the progress of the broadcast. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"] | components["schemas"]["BroadcastStatus"];
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `message_id_invalid`: The message ID was not issued by this mesh.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             *     `reg_id_foreign`: The regId belongs to another app.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `message_not_found`: The mesh has no record of this message. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    recallMessage: {
        parameters: {
            query?: never;
            header?: {
                /** @description respond-async, or wait=<seconds> (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /** @description As the send was answered with it. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How the message has ended, and what the device did if it had it. */
            200: {
                headers: {
                    /** @description The preference that was applied, if any. */
                    "preference-applied"?: string;
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        /** @enum {string} */
                        status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                        /** @enum {string} */
                        display?: "removed" | "unknown" | "pending";
                        /** @description Milliseconds since 1970. */
                        deliveredAt?: number;
                        /** @description Milliseconds since 1970. */
                        recalledAt?: number;
                        broadcast?: {
                            /** @enum {string} */
                            status: "accepted" | "sending" | "sent";
                            finishedAt: number | null;
                            members: number;
                            attached: number;
                            delivered: number;
                            acknowledged: number;
                            filtered: number;
                            deferred: number;
                            offline: number;
                            failed: number;
                            expired: number;
                            collapsed: number;
                            remaining: number;
                            owed: number;
                            unreached: number;
                            nodes: number;
                            listeners: number;
                            /** @description Devices per second. */
                            rate: number;
                        };
                        recall?: {
                            /** @enum {string} */
                            status: "accepted" | "sending" | "sent";
                            finishedAt: number | null;
                            members: number;
                            attached: number;
                            delivered: number;
                            acknowledged: number;
                            filtered: number;
                            deferred: number;
                            offline: number;
                            failed: number;
                            expired: number;
                            collapsed: number;
                            remaining: number;
                            owed: number;
                            unreached: number;
                            nodes: number;
                            listeners: number;
                            /** @description Devices per second. */
                            rate: number;
                        };
                        /** @description Milliseconds from the request's arrival to this answer. */
                        tookMs: number;
                    };
                };
            };
            /** @description The device has not answered. It is told again on its next link. */
            202: {
                headers: {
                    /** @description The preference that was applied, if any. */
                    "preference-applied"?: string;
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        /** @enum {string} */
                        status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered";
                        /** @enum {string} */
                        display?: "removed" | "unknown" | "pending";
                        /** @description Milliseconds since 1970. */
                        deliveredAt?: number;
                        /** @description Milliseconds since 1970. */
                        recalledAt?: number;
                        broadcast?: {
                            /** @enum {string} */
                            status: "accepted" | "sending" | "sent";
                            finishedAt: number | null;
                            members: number;
                            attached: number;
                            delivered: number;
                            acknowledged: number;
                            filtered: number;
                            deferred: number;
                            offline: number;
                            failed: number;
                            expired: number;
                            collapsed: number;
                            remaining: number;
                            owed: number;
                            unreached: number;
                            nodes: number;
                            listeners: number;
                            /** @description Devices per second. */
                            rate: number;
                        };
                        recall?: {
                            /** @enum {string} */
                            status: "accepted" | "sending" | "sent";
                            finishedAt: number | null;
                            members: number;
                            attached: number;
                            delivered: number;
                            acknowledged: number;
                            filtered: number;
                            deferred: number;
                            offline: number;
                            failed: number;
                            expired: number;
                            collapsed: number;
                            remaining: number;
                            owed: number;
                            unreached: number;
                            nodes: number;
                            listeners: number;
                            /** @description Devices per second. */
                            rate: number;
                        };
                        /** @description Milliseconds from the request's arrival to this answer. */
                        tookMs: number;
                    };
                };
            };
            /**
             * @description `message_id_invalid`: The message ID was not issued by this mesh.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             *     `reg_id_foreign`: The regId belongs to another app.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `message_not_found`: The mesh has no record of this message. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTagCalledMembers: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tag has or had members. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tag"];
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `tag_unknown`: The tag has no members and never had a broadcast. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeMembers: {
        parameters: {
            query?: never;
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Members"];
            };
        };
        responses: {
            /** @description One for each regId: add, then remove. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Results"];
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTags: {
        parameters: {
            query?: {
                prefix?: string;
                minMembers?: number;
                maxMembers?: number;
                broadcastAfter?: number;
                broadcastBefore?: number;
                sort?: "tag" | "members" | "lastBroadcastAt";
                order?: "asc" | "desc";
                limit?: number;
                cursor?: string;
            };
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of tags. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tags"];
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTag: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description 1 to 128 bytes of UTF-8, percent-encoded. */
                tag: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tag has or had members. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tag"];
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `tag_unknown`: The tag has no members and never had a broadcast. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    setLiveAccess: {
        parameters: {
            query?: never;
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
            };
            path: {
                /** @description 1 to 128 bytes of UTF-8, percent-encoded. */
                tag: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Live"];
            };
        };
        responses: {
            /** @description Set. */
            204: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `request_replayed`: The mesh started to process a copy of this request before.
             *     `too_many_closed_tags`: The app has the maximum number of closed tags.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeAlias: {
        parameters: {
            query?: never;
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewAliases"];
            };
        };
        responses: {
            /** @description One for each regId: add, then remove. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Results"];
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getAlias: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description 1 to 128 bytes of UTF-8, percent-encoded. */
                alias: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its holders. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alias"];
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `alias_unknown`: No registration holds the alias. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRegistrations: {
        parameters: {
            query?: {
                cursor?: string;
            };
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        registrations: {
                            regId: string;
                        }[];
                        unlisted: number;
                        next: string | null;
                    };
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRegistration: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description As the device reported it. */
                regId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its tags, aliases and attributes. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registration"];
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `reg_id_invalid`: The regId was not issued by this mesh.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             *     `reg_id_foreign`: The regId belongs to another app.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unregistered`: The registration has ended. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeRegistration: {
        parameters: {
            query?: {
                ban?: number;
            };
            header?: never;
            path: {
                /** @description As the device reported it. */
                regId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        regId: string;
                        removed: boolean;
                        bannedUntil: number | null;
                    };
                };
            };
            /**
             * @description `reg_id_invalid`: The regId was not issued by this mesh.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             *     `reg_id_foreign`: The regId belongs to another app.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unregistered`: The registration has ended. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    liftBan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the device reported it. */
                regId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No ban is left. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        regId: string;
                        lifted: boolean;
                    };
                };
            };
            /**
             * @description `reg_id_invalid`: The regId was not issued by this mesh.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             *     `reg_id_foreign`: The regId belongs to another app.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeGrant: {
        parameters: {
            query?: {
                expiresAt?: number;
            };
            header?: never;
            path: {
                jti: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The grant is revoked. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        jti: string;
                        revoked: boolean;
                        /** @description Milliseconds since 1970. */
                        until: number;
                    };
                };
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `request_replayed`: The mesh started to process a copy of this request before.
             *     `too_many_revoked_grants`: The app has the maximum number of revoked grants that are not over.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getEncryptionKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description As the device reported it. */
                regId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key that the device published last. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        publicKey: string;
                        auth: string;
                        /** @description Milliseconds since 1970. */
                        publishedAt: number;
                    };
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `reg_id_invalid`: The regId was not issued by this mesh.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             *     `reg_id_foreign`: The regId belongs to another app.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `encryption_key_missing`: The device has published no encryption key for this registration. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unregistered`: The registration has ended. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listenLive: {
        parameters: {
            query?: {
                /** @description Resume after this cursor. */
                after?: string;
                /** @description A listen token. */
                token?: string;
            };
            header?: {
                /** @description None, or pushmesh.live.v1, pushmesh.token.<token> */
                "Sec-WebSocket-Protocol"?: string;
                /** @description For an event stream: resume after this cursor. */
                "Last-Event-ID"?: string;
                /** @description text/event-stream, unless it is a WebSocket. */
                Accept?: string;
            };
            path: {
                /** @description As it was made. */
                appId: string;
                /** @description 1 to 128 bytes of UTF-8, percent-encoded. */
                tag: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A WebSocket. If the request is refused, it is closed at once. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The events. */
            200: {
                headers: {
                    /** @description no-store */
                    "cache-control": string;
                    /** @description no */
                    "x-accel-buffering": string;
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["LiveMessage"] | components["schemas"]["LivePresence"];
                };
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `subprotocol_unsupported`: The WebSocket subprotocols do not include one that this mesh supports, or carry no token.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listen_token_invalid`: The listen token is missing, wrong or expired. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `live_closed`: The tag is not open to live listeners. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `upgrade_required`: This route only accepts WebSocket upgrades. */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `live_full`: The tag has the maximum number of live listeners here.
             *     `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLiveKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was made. */
                appId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It never changes. */
            200: {
                headers: {
                    /** @description public, for a day */
                    "cache-control": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveKey"];
                };
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        webhooks: {
                            id: string;
                            url: string;
                            events: ("delivered" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "shown" | "clicked" | "dismissed" | "push_disabled" | "upstream")[] | null;
                            description: string;
                            /** @description Milliseconds since 1970. */
                            createdAt: number;
                            disabled: {
                                /** @description Milliseconds since 1970. */
                                at: number;
                                /** @enum {string} */
                                reason: "asked" | "failing" | "gone";
                            } | null;
                        }[];
                    };
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    url: string;
                    /** @default null */
                    events?: ("delivered" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "shown" | "clicked" | "dismissed" | "push_disabled" | "upstream")[] | null;
                    /** @default  */
                    description?: "" | string;
                    /** @default false */
                    disabled?: boolean;
                };
            };
        };
        responses: {
            /** @description Created: the only answer with its secret. */
            201: {
                headers: {
                    /** @description no-store */
                    "cache-control": string;
                    /** @description Its URL. */
                    location: string;
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        url: string;
                        events: ("delivered" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "shown" | "clicked" | "dismissed" | "push_disabled" | "upstream")[] | null;
                        description: string;
                        /** @description Milliseconds since 1970. */
                        createdAt: number;
                        disabled: {
                            /** @description Milliseconds since 1970. */
                            at: number;
                            /** @enum {string} */
                            reason: "asked" | "failing" | "gone";
                        } | null;
                        secret: string;
                    };
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `webhook_url_refused`: The mesh may not call this URL.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             *     `webhooks_off`: The operator has switched webhooks off.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `request_replayed`: The mesh started to process a copy of this request before.
             *     `too_many_webhooks`: The app has the maximum number of webhooks.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description As the creation was answered with it. */
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        url: string;
                        events: ("delivered" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "shown" | "clicked" | "dismissed" | "push_disabled" | "upstream")[] | null;
                        description: string;
                        /** @description Milliseconds since 1970. */
                        createdAt: number;
                        disabled: {
                            /** @description Milliseconds since 1970. */
                            at: number;
                            /** @enum {string} */
                            reason: "asked" | "failing" | "gone";
                        } | null;
                        waiting: number;
                        dead: number;
                        dropped: number;
                        failingSince: number | null;
                        lastFailure: {
                            /** @description Milliseconds since 1970. */
                            at: number;
                            error: string;
                        } | null;
                    };
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook_not_found`: The app has no such webhook. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the creation was answered with it. */
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook_not_found`: The app has no such webhook. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeWebhook: {
        parameters: {
            query?: never;
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
            };
            path: {
                /** @description As the creation was answered with it. */
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    url?: string;
                    events?: ("delivered" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "shown" | "clicked" | "dismissed" | "push_disabled" | "upstream")[] | null;
                    description?: "" | string;
                    disabled?: boolean;
                };
            };
        };
        responses: {
            /** @description Changed. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        url: string;
                        events: ("delivered" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "shown" | "clicked" | "dismissed" | "push_disabled" | "upstream")[] | null;
                        description: string;
                        /** @description Milliseconds since 1970. */
                        createdAt: number;
                        disabled: {
                            /** @description Milliseconds since 1970. */
                            at: number;
                            /** @enum {string} */
                            reason: "asked" | "failing" | "gone";
                        } | null;
                    };
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `webhook_url_refused`: The mesh may not call this URL.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             *     `webhooks_off`: The operator has switched webhooks off.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook_not_found`: The app has no such webhook. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rotateWebhook: {
        parameters: {
            query?: never;
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
            };
            path: {
                /** @description As the creation was answered with it. */
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @default 86400 */
                    overlapSeconds?: number;
                };
            };
        };
        responses: {
            /** @description The only answer with the new secret. */
            200: {
                headers: {
                    /** @description no-store */
                    "cache-control": string;
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        url: string;
                        events: ("delivered" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "shown" | "clicked" | "dismissed" | "push_disabled" | "upstream")[] | null;
                        description: string;
                        /** @description Milliseconds since 1970. */
                        createdAt: number;
                        disabled: {
                            /** @description Milliseconds since 1970. */
                            at: number;
                            /** @enum {string} */
                            reason: "asked" | "failing" | "gone";
                        } | null;
                        secret: string;
                    };
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook_not_found`: The app has no such webhook. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
            };
            path: {
                /** @description As the creation was answered with it. */
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description What the receiver answered. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        delivered: boolean;
                        status: number | null;
                        error: string | null;
                        body: string;
                        tookMs: number;
                    };
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook_not_found`: The app has no such webhook. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
            };
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description As the creation was answered with it. */
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        deadLetters: {
                            id: string;
                            attempts: number;
                            error: string;
                            /** @description Milliseconds since 1970. */
                            at: number;
                            events: components["schemas"]["WebhookEvent"][];
                        }[];
                        next: string | null;
                    };
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook_not_found`: The app has no such webhook. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replayDeadLetters: {
        parameters: {
            query?: never;
            header: {
                /** @description RFC 9530, of the body. */
                "Content-Digest": string;
            };
            path: {
                /** @description As the creation was answered with it. */
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    ids?: string[];
                };
            };
        };
        responses: {
            /** @description They wait again. */
            200: {
                headers: {
                    /** @description The quota of the app's sends, if it has one: q in a window of w seconds. */
                    "ratelimit-policy"?: string;
                    /** @description If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        replayed: number;
                        more: boolean;
                    };
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `digest_mismatch`: Content-Digest is missing or does not match the body.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `signature_missing`: The request is not signed.
             *     `signature_malformed`: The signature headers cannot be parsed.
             *     `signature_incomplete`: The signature does not cover every required component.
             *     `signature_invalid`: The signature does not verify.
             *     `signature_expired`: The signature is too old, or its time is in the future.
             *     `key_unknown`: The signing key is unknown or revoked.
             *     `key_expired`: The signing key has expired.
             *     `send_token_invalid`: The send token is unknown, revoked or expired.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `scope_missing`: The signing key does not have the scope that this request needs.
             *     `send_token_exposed`: The send token came over a connection that others can read.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook_not_found`: The app has no such webhook. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_replayed`: The mesh started to process a copy of this request before. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Commands, or what they ask for, come too fast.
             *     `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listApps: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The apps. */
            200: {
                headers: {
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Apps"];
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createApp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewApp"];
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["App"];
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_many_apps`: The mesh has the maximum number of apps. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getApp: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description As it was made. */
                appId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Without secrets. */
            200: {
                headers: {
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AppWithKeys"];
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteApp: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was made. */
                appId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. Other edges may accept its keys for up to 30 s. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPolicy: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description As it was made. */
                appId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The policy. */
            200: {
                headers: {
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        register: "server" | "granted" | "open";
                        alias: {
                            prefix: string;
                            /** @enum {string} */
                            rule: "server" | "granted" | "open";
                        }[];
                        tag: {
                            prefix: string;
                            /** @enum {string} */
                            rule: "server" | "granted" | "open";
                        }[];
                        receipts?: boolean;
                    };
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    putPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was made. */
                appId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @default granted
                     * @enum {string}
                     */
                    register?: "server" | "granted" | "open";
                    /** @default [] */
                    alias?: {
                        prefix: string;
                        /** @enum {string} */
                        rule: "server" | "granted" | "open";
                    }[];
                    /** @default [] */
                    tag?: {
                        prefix: string;
                        /** @enum {string} */
                        rule: "server" | "granted" | "open";
                    }[];
                    receipts?: boolean;
                };
            };
        };
        responses: {
            /** @description The new policy. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        register: "server" | "granted" | "open";
                        alias: {
                            prefix: string;
                            /** @enum {string} */
                            rule: "server" | "granted" | "open";
                        }[];
                        tag: {
                            prefix: string;
                            /** @enum {string} */
                            rule: "server" | "granted" | "open";
                        }[];
                        receipts?: boolean;
                    };
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    putQuota: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was made. */
                appId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    perSecond: number;
                    burst: number;
                    queueSeconds?: number;
                };
            };
        };
        responses: {
            /** @description The quota. Other edges may not know it for 30 s. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        perSecond: number;
                        burst: number;
                        queueSeconds?: number;
                    };
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteQuota: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was made. */
                appId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ended, also if there was none. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    forgetRevokedGrants: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was made. */
                appId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Those that are not over are valid again, if the key that signed them is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        forgotten: number;
                    };
                };
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was made. */
                appId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKey"];
            };
        };
        responses: {
            /** @description The only answer that contains the secret of an HMAC key, or a send token. */
            201: {
                headers: {
                    /** @description no-store */
                    "cache-control": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `app_not_found`: No such app. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_many_keys`: The app has the maximum number of keys. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was made. */
                appId: string;
                /** @description <appId>.k<n> */
                keyId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoked. Other edges may accept it for up to 30 s. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `app_not_found`: No such app.
             *     `key_not_found`: No such key.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listCredentials: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Without tokens, oldest first. */
            200: {
                headers: {
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        credentials: {
                            credentialId: string;
                            name: string;
                            /** @enum {string} */
                            role: "viewer" | "operator" | "owner";
                            /** @description Milliseconds since 1970. */
                            createdAt: number;
                            expiresAt: number | null;
                            usedAt: number | null;
                        }[];
                    };
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createCredential: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** @enum {string} */
                    role: "viewer" | "operator" | "owner";
                    /** @default null */
                    expiresAt?: number | null;
                };
            };
        };
        responses: {
            /** @description The only answer that contains the token. */
            201: {
                headers: {
                    /** @description no-store */
                    "cache-control": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        credentialId: string;
                        name: string;
                        /** @enum {string} */
                        role: "viewer" | "operator" | "owner";
                        /** @description Milliseconds since 1970. */
                        createdAt: number;
                        expiresAt: number | null;
                        usedAt: number | null;
                        token: string;
                    };
                };
            };
            /**
             * @description `body_invalid`: The request body cannot be read.
             *     `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_many_credentials`: The mesh has the maximum number of credentials. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content_type_unsupported`: The content type is not application/json in UTF-8. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeCredential: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was created. */
                credentialId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoked, at once and everywhere. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `request_malformed`: The request is not well-formed HTTP. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `credential_not_found`: No such credential. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                appId?: string;
                limit?: number;
                cursor?: string;
            };
            header?: {
                /** @description The ETag of an earlier answer: 304 if it is still the same. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, newest first. */
            200: {
                headers: {
                    /** @description Send it as If-None-Match. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        entries: {
                            id: number;
                            /** @description Milliseconds since 1970. */
                            at: number;
                            actor: string;
                            credentialId: string | null;
                            /** @enum {string} */
                            role: "viewer" | "operator" | "owner" | "app" | "none";
                            action: string;
                            target: string;
                            appId: string | null;
                            detail: string | null;
                            address: string | null;
                            requestId: string;
                        }[];
                        next: string | null;
                    };
                };
            };
            /** @description The answer has the ETag that the request names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `field_invalid`: A field has the wrong type or is out of range.
             *     `request_malformed`: The request is not well-formed HTTP.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `admin_token_invalid`: The admin token is missing or wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_missing`: The role of your credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request_timeout`: The request did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_failures`: Authentication from this network failed too often.
             *     `too_many_requests`: Requests of this kind come too often from this network, device or app.
             */
            429: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `head_too_large`: The request headers are too large. */
            431: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `internal`: The mesh failed.
             *     `misconfigured`: The mesh is not configured.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `overloaded`: The mesh is too busy for this request.
             *     `storage_unavailable`: The mesh cannot write to its disk and stored nothing.
             *     `mesh_full`: The mesh or your address has the maximum number of connections, or of accounts created at once.
             */
            503: {
                headers: {
                    /** @description Seconds after which it can succeed. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused: see docs/errors.md. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    events: {
        parameters: {
            query?: never;
            header: {
                /** @description The same whenever this request is repeated. */
                "webhook-id": string;
                /** @description When it was sent, seconds since 1970. */
                "webhook-timestamp": string;
                /** @description One or two of `v1,<HMAC-SHA-256 in base64>`, over ID, timestamp and body. */
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookPayload"];
            };
        };
        responses: {
            /** @description The webhook is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The events are stored. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
