using System.Formats.Tar;
using System.Security.Cryptography;
using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Backups;

/// <summary>Databases with everything that a dump may get wrong, and what the dump programs make of them.</summary>
internal static class SampleDumps
{
    public const string PostgreSql = """
        CREATE SCHEMA "Mixed Case";
        CREATE TABLE "Mixed Case"."Order Items" ("Id" serial PRIMARY KEY, "Größe" text NOT NULL, price numeric(10, 2), at timestamptz DEFAULT now(), raw bytea);
        INSERT INTO "Mixed Case"."Order Items" ("Größe", price, raw) SELECT E'tab\there, new\nline, back\\slash, ''quote'', ü ' || n, n / 7.0, decode(md5(n::text), 'hex') FROM generate_series(1, 3000) n;
        CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL, payload jsonb) PARTITION BY RANGE (day);
        CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        INSERT INTO events (day, payload) SELECT date '2025-06-01' + n % 400, jsonb_build_object('n', n, 'text', repeat('x', n % 50)) FROM generate_series(1, 4000) n;
        CREATE INDEX ON events (day);
        CREATE TABLE tricky (a text);
        INSERT INTO tricky VALUES ('\.'), ('\connect postgres'), ('-- PostgreSQL database dump complete'), (NULL), ('DROP DATABASE shop;'), ('COPY tricky FROM stdin;');
        CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $body$
        BEGIN
        -- \connect postgres
        RETURN n * 2; -- ; ' "
        END $body$;
        CREATE VIEW large AS SELECT * FROM "Mixed Case"."Order Items" WHERE price > 100;
        CREATE SEQUENCE counter START 77;
        SELECT nextval('counter'), nextval('counter');
        COMMENT ON TABLE tricky IS 'it''s; a comment';
        SELECT lo_from_bytea(4711, decode(repeat('00ff10', 5000), 'hex')), lo_from_bytea(4712, '\x');
        """;

    public const string MariaDb = """
        CREATE TABLE `Mixed Case` (id INT AUTO_INCREMENT PRIMARY KEY, `grö``ße` VARCHAR(200) NOT NULL, price DECIMAL(10,2), raw BLOB, at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6)) DEFAULT CHARSET=utf8mb4;
        INSERT INTO `Mixed Case` (`grö``ße`, price, raw) SELECT CONCAT('tab\there, new\nline, back\\slash, ''quote'', "double", ü ', seq), seq / 7, UNHEX(MD5(seq)) FROM seq_1_to_3000;
        CREATE TABLE tricky (a TEXT) DEFAULT CHARSET=utf8mb4;
        INSERT INTO tricky VALUES ('x\nUSE mysql;\nDROP DATABASE mysql;'), ('-- Dump completed'), (NULL), ('DELIMITER ;;'), (';;'), ('/* open'), ('`'), ('end\\');
        CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES `Mixed Case` (id));
        INSERT INTO child SELECT seq, seq FROM seq_1_to_100;
        CREATE VIEW large AS SELECT id, price FROM `Mixed Case` WHERE price > 100;
        CREATE TABLE log (what TEXT);
        DELIMITER //
        CREATE TRIGGER remember AFTER DELETE ON child FOR EACH ROW BEGIN INSERT INTO log VALUES (CONCAT('gone; ', OLD.id)); END//
        CREATE PROCEDURE add_log(IN t TEXT) BEGIN INSERT INTO log VALUES (t); INSERT INTO log VALUES ('USE mysql;'); END//
        CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2//
        CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND ON COMPLETION NOT PRESERVE ENABLE COMMENT 'it''s' DO INSERT INTO log VALUES ('tick; ON COMPLETION PRESERVE ENABLE')//
        DELIMITER ;
        """;

    /// <summary>Runs <c>pg_dump</c> or another program of the server's version.</summary>
    public static Task DumpAsync(PostgreSqlServer server, string program, params string[] arguments) => Tool.RunAsync(
        Path.Combine(server.ProgramFolder, program),
        ["--host", server.Host, "--port", server.Port.ToString(), "--username", server.User, .. arguments],
        environment: new Dictionary<string, string> { ["PGPASSWORD"] = server.Password });

    /// <summary>Runs <c>mariadb-dump</c>.</summary>
    public static Task DumpAsync(MariaDbServer server, string file, params string[] arguments) => Tool.RunAsync(
        Tool.Find("mariadb-dump")!,
        ["--no-defaults", "--protocol=tcp", $"--host={server.Host}", $"--port={server.Port}", $"--user={server.User}", "--single-transaction", "--routines", "--events", "--triggers", $"--result-file={file}", .. arguments],
        environment: new Dictionary<string, string> { ["MYSQL_PWD"] = server.Password });

    /// <summary>A checksum over the sorted rows of every table, the sequences, and the large objects.</summary>
    public static async Task<string> FingerprintAsync(PostgreSqlServer server, string database)
    {
        var tables = (string)(await server.ExecuteAsync(
            "SELECT string_agg(format('SELECT %L || md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS f FROM %s t', c.oid::regclass::text || ' ', c.oid::regclass), ' UNION ALL ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'",
            database))!;
        return $"{await server.ExecuteAsync($"SELECT string_agg(f, chr(10) ORDER BY f) FROM ({tables}) x", database)}\n"
            + $"{await server.ExecuteAsync("SELECT string_agg(s::text, ',' ORDER BY s::text) FROM (SELECT schemaname, sequencename, last_value FROM pg_sequences) s", database)}\n"
            + $"{await server.ExecuteAsync("SELECT string_agg(oid || md5(lo_get(oid)), ',' ORDER BY oid) FROM pg_largeobject_metadata", database)}\n"
            + $"{await server.ExecuteAsync("SELECT string_agg(prosrc || pg_get_function_identity_arguments(p.oid), ',') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' AND proname = 'twice'", database)}";
    }

    /// <summary>As above, with routines, triggers, views and events.</summary>
    public static async Task<string> FingerprintAsync(MariaDbServer server, string database)
    {
        var rows = await server.ExecuteAsync(
            """
            SELECT MD5(GROUP_CONCAT(CONCAT_WS('|', id, `grö``ße`, price, HEX(raw), at) ORDER BY id)) FROM `Mixed Case`; SELECT MD5(GROUP_CONCAT(IFNULL(a, 'NULL') ORDER BY a)) FROM tricky;
            SELECT COUNT(*), SUM(parent) FROM child; SELECT COUNT(*), SUM(price) FROM large; SELECT twice(21);
            """.Replace("SELECT MD5", "SET SESSION group_concat_max_len = 100000000; SELECT MD5", StringComparison.Ordinal),
            database);
        return rows + await server.ExecuteAsync(
            $"""
            SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{database}' ORDER BY 1;
            SELECT TRIGGER_NAME, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{database}';
            SELECT EVENT_NAME, EVENT_DEFINITION, INTERVAL_VALUE FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{database}';
            """);
    }

    /// <summary>Puts files into a set of ours, with their checksums.</summary>
    public static void WriteSet(string folder, string name, long sequence, BackupFormat format, string source, BackupCompression compression = BackupCompression.None, string? database = null, IReadOnlyList<ManifestTable>? tables = null)
    {
        var set = Directory.CreateDirectory(Path.Combine(folder, BackupName.Of(name, DateTime.UtcNow, sequence))).FullName;
        var files = new List<ManifestFile>();
        foreach (var file in Directory.Exists(source) ? Directory.GetFiles(source) : [source])
        {
            var path = Directory.Exists(source) ? "data/" + Path.GetFileName(file) : Path.GetFileName(file);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(set, path))!);
            File.Copy(file, Path.Combine(set, path));
            files.Add(new ManifestFile { Path = path, Bytes = new FileInfo(file).Length, Sha256 = Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))).ToLowerInvariant() });
        }

        var manifest = new BackupManifest
        {
            Name = name,
            Engine = format switch { BackupFormat.MySqlPlain => BackupEngine.MySql, BackupFormat.RedisRdb => BackupEngine.Redis, _ => BackupEngine.PostgreSql },
            Database = database,
            Format = format,
            Compression = compression,
            Sequence = sequence,
            Ended = DateTime.UtcNow,
            Files = files,
            Bytes = files.Sum(file => file.Bytes ?? 0),
            Tables = tables,
        };
        File.WriteAllBytes(Path.Combine(set, BackupManifest.FileName), manifest.ToBytes());
    }

    /// <summary>The only set of a folder.</summary>
    public static async Task<BackupSet> SetAsync(string folder, string name = "db", string? pattern = null) =>
        Assert.Single(await new BackupFolder(new LocalHost(), folder, name, pattern).ListAsync(default), set => set.State is BackupState.Complete or BackupState.Damaged);

    /// <summary>A tar file with one entry that no dump program writes.</summary>
    public static byte[] Tar(TarEntry entry)
    {
        using var file = new MemoryStream();
        using (var tar = new TarWriter(file, TarEntryFormat.Ustar, leaveOpen: true))
        {
            tar.WriteEntry(entry);
        }

        return file.ToArray();
    }
}
