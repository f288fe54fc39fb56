# Back up, test, lose data, get it back, as an operator does it.
BeforeDiscovery {
    Import-Module "$PSScriptRoot/PostgreSqlServer.psm1" -Force
    $script:binaries = Get-PostgreSqlFolder
}

Describe 'Restoring a database of PostgreSQL' -Skip:(-not $binaries -or -not (Get-Command psql, pg_dump, pg_restore -ErrorAction Ignore)) {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
        Import-Module "$PSScriptRoot/PostgreSqlServer.psm1" -Force
        $server = Open-PostgreSqlServer
        $folder, $port, $password = $server.Folder, $server.Port, $server.Password
        $env:OPSRUNBOOK_PESTER_RESTORE = $password
        $null = New-Item -ItemType Directory "$folder/sets"
        $stack = "$folder/shop.yaml"
        Set-Content $stack @"
stack: shop
databases:
  admin: { engine: postgres, server: 127.0.0.1, port: $port, user: postgres, password: "`${env:OPSRUNBOOK_PESTER_RESTORE}" }
  db: { engine: postgres, server: 127.0.0.1, port: $port, database: shop, user: postgres, password: "`${env:OPSRUNBOOK_PESTER_RESTORE}" }
backups:
  nightly: { database: db, directory: "$folder/sets", testQuery: "SELECT count(*) FROM customers" }
"@
        foreach ($attempt in 1..200) {
            if ((Test-DbConnection admin -Stack $stack).Status -eq 'Healthy') { break }
            Start-Sleep -Milliseconds 100
        }

        $env:PGPASSWORD = $password
        psql -X -q -h 127.0.0.1 -p $port -U postgres -c 'CREATE DATABASE shop'
        psql -X -q -h 127.0.0.1 -p $port -U postgres -d shop -c "CREATE TABLE customers (id int, name text); INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 100) n"
        Remove-Item Env:PGPASSWORD
        $null = Backup-Database nightly -CountRows -Stack $stack
    }

    AfterAll {
        Remove-Item Env:OPSRUNBOOK_PESTER_RESTORE -ErrorAction Ignore
        if ($server) { Close-PostgreSqlServer $server }
    }

    It 'tests the newest set by restoring it' {
        $test = Test-DbBackup nightly -Level Restore -Newest -Stack $stack
        $test.Passed | Should -BeTrue
        $test.Tables, $test.Rows, $test.Answer | Should -Be 1, 100, '100'
        (Get-DbBackup nightly -Stack $stack).IsVerified | Should -BeTrue
        ($test | Out-String -Width 120).Split("`n").TrimEnd() | ForEach-Object Length | Should -Not -BeGreaterThan 120
    }

    It 'gets lost rows out of the backup' {
        $null = Invoke-DbQuery db 'DELETE FROM customers WHERE id > 90' -AllowWrite -Confirm:$false -Stack $stack
        $rows = Export-DbBackupData nightly 'SELECT id, name FROM customers WHERE id > @from ORDER BY id' -Parameters @{ from = 90 } -Table customers -Stack $stack
        $rows.Count | Should -Be 10
        $rows[0].name | Should -Be 'customer 91'
    }

    It 'shows its plan, restores, and puts back what was there' {
        $plan = Get-DbBackup nightly -Stack $stack | Restore-Database -Stack $stack -WhatIf
        $plan.Action | Should -Be 'Create', 'Restore', 'Verify', 'Rename', 'Rename'
        $result = Get-DbBackup nightly -Stack $stack | Restore-Database -Stack $stack -Confirm:$false
        $result.Outcome | Should -Be 'Replaced'
        (Invoke-DbQuery db 'SELECT count(*) AS n FROM customers' -Stack $stack).n | Should -Be 100
        $null = Restore-Database nightly -Kept $result.KeptAs -Stack $stack -Confirm:$false
        (Invoke-DbQuery db 'SELECT count(*) AS n FROM customers' -Stack $stack).n | Should -Be 90
    }

    It 'finds a set that was changed' {
        $set = Get-DbBackup nightly -Stack $stack
        $file = Get-ChildItem $set.Path -File -Recurse | Where-Object Name -ne 'manifest.json' | Sort-Object Length | Select-Object -Last 1
        $bytes = [IO.File]::ReadAllBytes($file.FullName)
        $bytes[$bytes.Length / 2] = $bytes[$bytes.Length / 2] -bxor 1
        [IO.File]::WriteAllBytes($file.FullName, $bytes)
        $test = $set | Test-DbBackup -Level Checksum -Stack $stack
        $test.Passed | Should -BeFalse
        { $set | Restore-Database -Stack $stack -Confirm:$false -ErrorAction Stop } | Should -Throw '*failed its last test*'
    }
}
